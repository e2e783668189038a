import { DUTCH } from '../p1/telegrams.fixtures.ts';
import { NOW_MS } from './mqtt.fixtures.ts';

const RECEIVED = new Date(NOW_MS).toISOString();

/** Messages of a kind of device, and what is read of them. */
export interface DeviceKind {
  /** A topic of the section `topics`. */
  readonly rule: Readonly<Record<string, unknown>>;
  readonly messages: readonly (readonly [topic: string, payload: unknown])[];
  /** The readings, as `tags value time`. */
  readonly readings: readonly string[];
  /** What else becomes of messages. */
  readonly missing?: number;
}

const m = (value: string, device: string, more: object = {}) => ({ metric: 'm', value, device, ...more });

/** Messages as the projects of these devices and bridges document them. */
export const DEVICE_KINDS: Readonly<Record<string, DeviceKind>> = {
  'Tasmota, with a local time and several sensors': {
    rule: {
      topic: 'tele/+/SENSOR',
      names: ['plug'],
      time: { columns: ['Time'], zone: 'Europe/Berlin' },
      series: [
        m('ENERGY.Power', '{plug}'),
        m('DS18B20-1.Temperature', '{plug}', { tags: { sensor: '{DS18B20-1.Id}' } }),
      ],
    },
    messages: [
      [
        'tele/tasmota_8E1A/SENSOR',
        {
          Time: '2024-01-05T12:10:04',
          ENERGY: { Total: 3.185, Power: 61, Factor: 0.84 },
          'DS18B20-1': { Id: '01131B123456', Temperature: 21.4 },
          TempUnit: 'C',
        },
      ],
    ],
    readings: [
      'device=tasmota_8E1A 61 2024-01-05T11:10:04.000Z',
      'device=tasmota_8E1A sensor=01131B123456 21.4 2024-01-05T11:10:04.000Z',
    ],
  },
  'Shelly of the second generation, by its notifications': {
    rule: {
      topic: '+/events/rpc',
      names: ['shelly'],
      time: { columns: ['params.ts'], format: 'unix' },
      series: [m('params.switch:0.apower', '{shelly}', { when: { method: 'NotifyStatus' } })],
    },
    messages: [
      [
        'shellyplus1pm-4417/events/rpc',
        {
          src: 'shellyplus1pm-4417',
          dst: 'shellyplus1pm-4417/events',
          method: 'NotifyStatus',
          params: { ts: 1_704_453_004.25, 'switch:0': { id: 0, apower: 8.9, aenergy: { total: 6.532 } } },
        },
      ],
      [
        'shellyplus1pm-4417/events/rpc',
        { method: 'NotifyEvent', params: { ts: 1_704_453_005, events: [{ component: 'input:0', event: 'btn_down' }] } },
      ],
    ],
    readings: ['device=shellyplus1pm-4417 8.9 2024-01-05T11:10:04.250Z'],
  },
  'Shelly of the second generation, by its states, a switch among them': {
    rule: {
      topic: '+/status/switch:0',
      names: ['shelly'],
      series: [m('output', '{shelly}', { tags: { of: 'output' } }), m('temperature.tC', '{shelly}')],
    },
    messages: [
      ['shellyplug-a/status/switch:0', { id: 0, source: 'timer', output: true, temperature: { tC: 53.3, tF: 127.9 } }],
      ['shellyplug-a/status/switch:0', { id: 0, source: 'timer', output: false, temperature: { tC: null } }],
    ],
    readings: [
      `device=shellyplug-a of=output 1 ${RECEIVED}`,
      `device=shellyplug-a 53.3 ${RECEIVED}`,
      `device=shellyplug-a of=output 0 ${RECEIVED}`,
    ],
    missing: 1,
  },
  'Zigbee2MQTT, whose devices may have a slash in their names': {
    rule: {
      topic: 'zigbee2mqtt/#',
      names: ['device'],
      series: [m('state', '{device}', { texts: { ON: 1, OFF: 0 } })],
    },
    messages: [
      ['zigbee2mqtt/kitchen/lamp', { state: 'ON', brightness: 254, linkquality: 112 }],
      ['zigbee2mqtt/plug', { state: 'OFF', power: 0 }],
      ['zigbee2mqtt/bridge/state', { state: 'online' }],
    ],
    readings: [`device=kitchen/lamp 1 ${RECEIVED}`, `device=plug 0 ${RECEIVED}`],
  },
  'ESPHome, by a text for each state': {
    rule: {
      topic: '+/sensor/+/state',
      names: ['node', 'sensor'],
      payload: 'text',
      missing: ['nan'],
      series: [m('payload', '{node}', { tags: { sensor: '{sensor}' } })],
    },
    messages: [
      ['attic/sensor/temperature/state', '21.40'],
      ['attic/sensor/humidity/state', 'nan'],
    ],
    readings: [`device=attic sensor=temperature 21.4 ${RECEIVED}`],
    missing: 1,
  },
  'Home Assistant, by its stream of states': {
    rule: {
      topic: 'homeassistant/+/+/state',
      names: ['domain', 'entity'],
      payload: 'text',
      missing: ['unavailable', 'unknown'],
      series: [m('payload', '{entity}', { tags: { domain: '{domain}' }, texts: { on: 1, off: 0 } })],
    },
    messages: [
      ['homeassistant/sensor/outside/state', '-3.5'],
      ['homeassistant/binary_sensor/door/state', 'on'],
      ['homeassistant/sensor/outside/state', 'unavailable'],
    ],
    readings: [`device=outside domain=sensor -3.5 ${RECEIVED}`, `device=door domain=binary_sensor 1 ${RECEIVED}`],
    missing: 1,
  },
  'OpenMQTTGateway and Theengs, by their beacons': {
    rule: {
      topic: 'home/+/BTtoMQTT/+',
      names: ['gateway', 'mac'],
      series: [m('tempc', '{id}', { tags: { gateway: '{gateway}' } })],
    },
    messages: [
      ['home/OMG/BTtoMQTT/A4C138000001', { id: 'A4:C1:38:00:00:01', name: 'ATC', rssi: -61, tempc: 20.9, hum: 48 }],
    ],
    readings: [`device=A4:C1:38:00:00:01 gateway=OMG 20.9 ${RECEIVED}`],
  },
  'The Things Stack, an uplink of LoRaWAN': {
    rule: {
      topic: 'v3/+/devices/+/up',
      names: ['application', 'id'],
      time: { columns: ['received_at'] },
      series: [
        m('uplink_message.decoded_payload.temperature', '{end_device_ids.device_id}'),
        m('uplink_message.rx_metadata.0.rssi', '{end_device_ids.device_id}', { tags: { of: 'rssi' } }),
      ],
    },
    messages: [
      [
        'v3/farm@ttn/devices/soil-1/up',
        {
          end_device_ids: { device_id: 'soil-1', application_ids: { application_id: 'farm' } },
          received_at: '2024-01-05T11:10:04.123456789Z',
          uplink_message: {
            f_port: 2,
            decoded_payload: { temperature: 4.75 },
            rx_metadata: [{ gateway_ids: { gateway_id: 'roof' }, rssi: -97, snr: 7.5 }],
          },
        },
      ],
    ],
    readings: ['device=soil-1 4.75 2024-01-05T11:10:04.123Z', 'device=soil-1 of=rssi -97 2024-01-05T11:10:04.123Z'],
  },
  'ChirpStack 4, an uplink of LoRaWAN': {
    rule: {
      topic: 'application/+/device/+/event/up',
      names: ['application', 'eui'],
      time: { columns: ['time'] },
      series: [m('object.temperatureSensor.1', '{deviceInfo.deviceName}', { tags: { eui: '{eui}' } })],
    },
    messages: [
      [
        'application/ee0d/device/0102030405060708/event/up',
        {
          time: '2024-01-05T12:10:04.775023242+01:00',
          deviceInfo: { deviceName: 'cellar', devEui: '0102030405060708' },
          object: { temperatureSensor: { 1: 11.5 } },
        },
      ],
    ],
    readings: ['device=cellar eui=0102030405060708 11.5 2024-01-05T11:10:04.775Z'],
  },
  'Victron Venus, by a value for each path': {
    rule: {
      topic: 'N/+/system/+/Dc/Battery/Power',
      names: ['portal', 'instance'],
      series: [m('value', '{portal}', { tags: { instance: '{instance}' } })],
    },
    messages: [
      ['N/c0619ab12345/system/0/Dc/Battery/Power', { value: -123.4 }],
      ['N/c0619ab12345/system/0/Dc/Battery/Power', { value: null }],
    ],
    readings: [`device=c0619ab12345 instance=0 -123.4 ${RECEIVED}`],
    missing: 1,
  },
  'a reader of P1 that publishes a topic for each number': {
    rule: {
      topic: 'dsmr/reading/electricity_currently_delivered',
      payload: 'text',
      series: [m('payload', 'meter', { unit: { kW: 1, '': 1 } })],
    },
    messages: [
      ['dsmr/reading/electricity_currently_delivered', '0.320'],
      ['dsmr/reading/electricity_currently_delivered', '0.416 kW'],
    ],
    readings: [`device=meter 0.32 ${RECEIVED}`, `device=meter 0.416 ${RECEIVED}`],
  },
  'a bridge of Modbus that sends registers as integers': {
    rule: {
      topic: 'modbus/+/input',
      names: ['unit'],
      series: [m('registers.1', '{unit}', { scale: 0.1 })],
    },
    messages: [['modbus/heatpump/input', { address: 30_001, registers: [4, 2_305, 0] }]],
    readings: [`device=heatpump 230.5 ${RECEIVED}`],
  },
  'Telegraf in JSON, many metrics in a message': {
    rule: {
      topic: 'telegraf/#',
      rows: 'metrics',
      time: { columns: ['timestamp'], format: 'unix' },
      series: [m('fields.usage_idle', '{tags.host}', { tags: { cpu: '{tags.cpu}' }, when: { name: 'cpu' } })],
    },
    messages: [
      [
        'telegraf/all',
        {
          metrics: [
            {
              name: 'cpu',
              tags: { host: 'gw', cpu: 'cpu0' },
              fields: { usage_idle: 98.5, usage_user: 1 },
              timestamp: 1_704_453_004,
            },
            { name: 'mem', tags: { host: 'gw' }, fields: { used: 5 }, timestamp: 1_704_453_004 },
            { name: 'cpu', tags: { host: 'gw', cpu: 'cpu1' }, fields: { usage_idle: 97 }, timestamp: 1_704_453_005 },
          ],
        },
      ],
    ],
    readings: ['device=gw cpu=cpu0 98.5 2024-01-05T11:10:04.000Z', 'device=gw cpu=cpu1 97 2024-01-05T11:10:05.000Z'],
  },
  'Telegraf in line protocol, many points in a message': {
    rule: {
      topic: 'telegraf/+/+',
      payload: 'line-protocol',
      series: [
        m('cpu.usage_idle', '{host}', { tags: { cpu: '{cpu}' } }),
        m('mem.is_low', '{host}', { tags: { of: 'memory' } }),
      ],
    },
    messages: [
      [
        'telegraf/gw/all',
        'cpu,cpu=cpu\\ 0,host=gw usage_idle=98.5,usage_user=1 1704453004123456789\nmem,host=gw is_low=f,used=5i\ndisk,host=gw free=7i 1704453004000000000\n',
      ],
    ],
    readings: ['device=gw cpu=cpu 0 98.5 2024-01-05T11:10:04.123Z', `device=gw of=memory 0 ${RECEIVED}`],
  },
  'SenML, whose records say together what they have in common (RFC 8428, 5.1.3)': {
    rule: {
      topic: 'sensors/+',
      payload: 'senml',
      series: [
        m('v', '{bn}', { when: { n: 'voltage' }, tags: { unit: '{u}' } }),
        m('v', '{bn}', { when: { n: 'current' }, tags: { unit: '{u}' } }),
        m('v', '{name}', { when: { n: 'door' } }),
      ],
    },
    messages: [
      [
        'sensors/up',
        [
          { bn: 'urn:dev:ow:10e2073a0108006:', bt: 1_704_453_004.25, bu: 'A', bver: 5, n: 'voltage', u: 'V', v: 120.1 },
          { n: 'current', t: -5, v: 1.2 },
          { n: 'current', t: -4, v: 1.3 },
          { n: 'door', vb: true },
        ],
      ],
      ['sensors/up', [{ bn: 'urn:dev:ow:b:', n: 'door', vb: false }]],
    ],
    readings: [
      'device=urn:dev:ow:10e2073a0108006: unit=V 120.1 2024-01-05T11:10:04.250Z',
      'device=urn:dev:ow:10e2073a0108006: unit=A 1.2 2024-01-05T11:09:59.250Z',
      'device=urn:dev:ow:10e2073a0108006: unit=A 1.3 2024-01-05T11:10:00.250Z',
      'device=urn:dev:ow:10e2073a0108006:door 1 2024-01-05T11:10:04.250Z',
      `device=urn:dev:ow:b:door 0 ${RECEIVED}`,
    ],
  },
  'ThingsBoard, an array of times with their values': {
    rule: {
      topic: 'v1/devices/+/telemetry',
      names: ['token'],
      rows: 'payload',
      time: { columns: ['ts'], format: 'unix-ms' },
      series: [m('values.temperature', '{token}')],
    },
    messages: [
      [
        'v1/devices/me/telemetry',
        [
          { ts: 1_704_453_004_250, values: { temperature: 42.5 } },
          { ts: 1_704_453_005_000, values: { temperature: 43 } },
        ],
      ],
    ],
    readings: ['device=me 42.5 2024-01-05T11:10:04.250Z', 'device=me 43 2024-01-05T11:10:05.000Z'],
  },
  'a gateway at a P1 port that hands on telegrams as they come': {
    rule: {
      topic: 'dsmr/+',
      payload: 'p1',
      series: [m('0-1:24.2.1', 'gas of {0-0:96.1.1}'), m('1-0:32.7.0', '{0-0:96.1.1}', { unit: 'V' })],
    },
    messages: [['dsmr/telegram', DUTCH]],
    readings: [
      'device=4531323334353637383930313233 231.4 2024-01-27T09:15:06.000Z',
      'device=gas of 4531323334353637383930313233 2311.874 2024-01-27T09:10:00.000Z',
    ],
  },
  'a board that prints nan where a sensor is off, and ends its texts as C does': {
    rule: {
      topic: 'board/+',
      names: ['board'],
      series: [m('temperature', '{board}'), m('data.a.b', '{board}', { tags: { of: 'b' } })],
    },
    messages: [
      ['board/attic', '{"temperature":nan,"data":{"a.b":2.5}}\0'],
      ['board/attic', '\ufeff{"temperature":-3}'],
    ],
    readings: [`device=attic of=b 2.5 ${RECEIVED}`, `device=attic -3 ${RECEIVED}`],
    missing: 2,
  },
  'numbers in texts of a decimal comma, among numbers of JSON': {
    rule: { topic: 'plc/+', names: ['tag'], decimal: ',', series: [m('v', '{tag}')] },
    messages: [
      ['plc/flow', { v: '21,4' }],
      ['plc/flow', { v: 21.5 }],
    ],
    readings: [`device=flow 21.4 ${RECEIVED}`, `device=flow 21.5 ${RECEIVED}`],
  },
  'a logger that sends pairs of time and value beside its own name': {
    rule: {
      topic: 'loggers/up',
      rows: 'data',
      time: { columns: ['payload.0'], format: 'unix' },
      series: [m('payload.1', '{logger}')],
    },
    messages: [
      [
        'loggers/up',
        {
          logger: 'well-7',
          data: [
            [1_704_453_004, 3.2],
            [1_704_453_064, null],
            [1_704_453_124, 3.3],
          ],
        },
      ],
    ],
    readings: ['device=well-7 3.2 2024-01-05T11:10:04.000Z', 'device=well-7 3.3 2024-01-05T11:12:04.000Z'],
    missing: 1,
  },
};
