import { strict as assert } from 'node:assert';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import type { RowSpan } from '#backbone/changes/changes.ts';
import { RowSpanDamaged } from '#backbone/changes/row-span-damaged.ts';
import { rowsOfSpan, spanOfRows } from '#backbone/changes/row-span.ts';
import { judgePacket } from '#broker/packet-guard.ts';
import { encodeAmend } from '#core/frames/amend-frame.ts';
import { anyAmends, anyBirth, anyMeta, anyPanes, anyRuns } from '#core/frames/arbitrary-frames.fixtures.ts';
import { encodeBirth } from '#core/frames/birth.ts';
import { encodeReadings } from '#core/frames/encode-readings.ts';
import { decodeFrame, type Frame, FrameOpener } from '#core/frames/frame.ts';
import { readHeader } from '#core/frames/header.ts';
import { encodePanes } from '#core/frames/panes-codec.ts';
import { contentOf, encodeContent } from '#core/frames/pick-entries.ts';
import { heartbeats, records, reports } from '#core/records/arbitrary-records.fixtures.ts';
import { decodeRecord, encodeAgentOrder, encodeRecord, parseAgentOrder } from '#core/records/record-codec.ts';
import { decodeBlock, encodeBlock } from '#core/stats/block-codec.ts';
import { equalSlots } from '#core/stats/merge.ts';
import { decodeRow, encodeRow, ROW_VERSION } from '#core/stats/row-codec.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { foldSteps, steps } from '#core/stats/stats.fixtures.ts';
import { encodeLedgerHead, encodeRefusedFrame, parseLedgerHead, parseRefusedFrame } from '#core/wire/down-messages.ts';
import { encodeHeartbeat, parseHeartbeat } from '#core/wire/heartbeat.ts';
import { isMessageFault, type MessageFault } from '#core/wire/message-fault.ts';
import { encodeRefusalReport, parseRefusalReport } from '#core/wire/refusal-report.ts';
import { agentTopic, parseAgentTopic, type UpTopic } from '#core/wire/topics.ts';
import { connectPacket, mqttPacket, publishPacket } from '../plan/mqtt-packets.ts';
import type { Door } from './door.ts';

const SAMPLES = 40;
const BODY_BYTES_AT = 56;
const CHECKSUM_AT = 60;
const HEADER_BYTES = 64;

const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder();

/** The same samples in every run: what is drawn from them is what differs. */
function samplesOf<T>(arbitrary: fc.Arbitrary<T>, count = SAMPLES): T[] {
  return fc.sample(arbitrary, { numRuns: count, seed: 1 });
}

/** A JSON message between agent and broker, which is written and read again as the same. */
function messageDoor<T extends object>(
  name: string,
  samples: readonly T[],
  encode: (message: T) => Uint8Array,
  parse: (bytes: Uint8Array) => T | MessageFault,
): Door {
  return {
    name,
    samples: samples.map(encode),
    open: (bytes) => {
      const message = parse(bytes);
      if (isMessageFault(message)) return 'refused';
      assert.deepEqual(parse(encode(message)), message);
      return 'accepted';
    },
  };
}

const opener = new FrameOpener();

function sampleFrames(): Uint8Array[] {
  const few = SAMPLES / 4;
  const metas = samplesOf(anyMeta);
  return [
    ...samplesOf(anyRuns, few).map((runs, i) => encodeReadings(metas[i]!, runs)),
    ...samplesOf(anyPanes, few).map((panes, i) => encodePanes(metas[i]!, panes)),
    ...samplesOf(anyAmends, few).map((amends, i) => encodeAmend(metas[i]!, amends)),
    ...samplesOf(anyBirth, few).map((birth, i) => encodeBirth(metas[i]!, birth)),
  ];
}

/** A frame without what its own bytes decide. */
function bare({ header, ...content }: Frame): unknown {
  return { ...content, header: { ...header, bodyBytes: 0, checksum: 0 } };
}

function encodeFrame(frame: Frame): Uint8Array {
  const content = contentOf(frame);
  if (frame.kind === 'birth') return encodeBirth(frame.header, frame.birth);
  return encodeContent(frame.header, content!);
}

const frames: Door = {
  name: 'frame',
  samples: sampleFrames(),
  seal: (bytes) => {
    if (bytes.length < HEADER_BYTES) return bytes;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    view.setUint32(BODY_BYTES_AT, bytes.length - HEADER_BYTES, true);
    const sum = crc32(bytes.subarray(HEADER_BYTES), crc32(bytes.subarray(0, CHECKSUM_AT)));
    view.setUint32(CHECKSUM_AT, sum, true);
    return bytes;
  },
  open: (bytes) => {
    const header = readHeader(bytes);
    if (header.kind === 'fault') return 'refused';
    const frame = decodeFrame(bytes, header);
    assert.equal(opener.open(bytes, header).kind, frame.kind, 'the opener and the decoder agree');
    if (frame.kind === 'fault') return 'refused';
    const again = decodeFrame(encodeFrame(frame));
    assert(again.kind !== 'fault', `a frame that was opened is written so that it can be opened`);
    assert.deepEqual(bare(again), bare(frame));
    return 'accepted';
  },
};

const recordDoor: Door = {
  name: 'record',
  samples: samplesOf(records).map(encodeRecord),
  open: (bytes) => {
    const record = decodeRecord(bytes);
    if (record.kind === 'record-fault') return 'refused';
    assert.deepEqual(decodeRecord(encodeRecord(record)), record);
    return 'accepted';
  },
};

const statsSamples = samplesOf(steps).map((list) => foldSteps(list));

const row: Door = {
  name: 'stats row',
  samples: statsSamples.map((table) => encodeRow(table, 0)),
  open: (bytes) => {
    const table = new StatsTable();
    const slot = table.allocate();
    const length = decodeRow(bytes, table, slot);
    if (typeof length !== 'number') return 'refused';
    // One of an earlier version is written in the present one.
    if (bytes[0] !== ROW_VERSION) return 'accepted';
    assert.deepEqual(encodeRow(table, slot), bytes.subarray(0, length), 'every stats has one form only');
    return 'accepted';
  },
};

const block: Door = {
  name: 'stats block',
  samples: statsSamples.map((table) => encodeBlock(table, [0])).concat(blockOfAll()),
  open: (bytes) => {
    const table = new StatsTable();
    const first = decodeBlock(bytes, table);
    if (typeof first !== 'number') return 'refused';
    const slots = Array.from({ length: table.size - first }, (_, i) => first + i);
    const again = new StatsTable();
    const firstAgain = decodeBlock(encodeBlock(table, slots), again);
    assert(typeof firstAgain === 'number', 'a block that was read is written so that it can be read');
    for (const slot of slots) assert(equalSlots(table, slot, again, firstAgain + slot - first), `row ${slot} is kept`);
    return 'accepted';
  },
};

function blockOfAll(): Uint8Array {
  const table = new StatsTable();
  for (const one of statsSamples) {
    const bytes = encodeRow(one, 0);
    decodeRow(bytes, table, table.allocate());
  }
  return encodeBlock(
    table,
    Array.from({ length: table.size }, (_, slot) => slot),
  );
}

const SPAN_PLACE = { view: 'power', version: 1, group: '[]', opener: 32, partition: 0, epoch: 0, part: 5, flags: 0 };

const spans: Door = {
  name: 'span of rows',
  samples: Array.from({ length: SAMPLES }, (_, i) => {
    const slices = [32, 33 + (i % 7), 47].slice(0, 1 + (i % 3));
    const rows = slices.map((slice, n) => ({
      ...SPAN_PLACE,
      slice,
      part: SPAN_PLACE.part + n * i,
      revision: 1 + i * 100,
      flags: i % 4,
      stats: encodeRow(statsSamples[(i + n) % statsSamples.length]!, 0),
    }));
    return spanOfRows(rows, SPAN_PLACE.part).bytes;
  }),
  open: (bytes) => {
    const span: RowSpan = { ...SPAN_PLACE, bytes };
    const rows = rowsOrNone(span);
    if (rows === undefined) return 'refused';
    assert.deepEqual(rowsOfSpan({ ...span, ...spanOfRows(rows, span.part) }), rows);
    return 'accepted';
  },
};

function rowsOrNone(span: RowSpan): ReturnType<typeof rowsOfSpan> | undefined {
  try {
    return rowsOfSpan(span);
  } catch (error) {
    if (error instanceof RowSpanDamaged) return undefined;
    throw error;
  }
}

/** The packets of a connection, each judged by what stands of it, as the guard does. */
const packets: Door = {
  name: 'MQTT packets',
  samples: [
    Buffer.concat([connectPacket('agent-1'), publishPacket(agentTopic('agent-1', 'frame'), frames.samples[0]!)]),
    Buffer.concat([
      connectPacket('agent-1'),
      mqttPacket(0x82, Uint8Array.of(0, 1), 'weir/v1/agent-1/head', 1),
      mqttPacket(0xc0),
      publishPacket(agentTopic('agent-1', 'heartbeat'), new Uint8Array(300)),
      mqttPacket(0xe0),
    ]),
  ],
  open: (bytes) => {
    for (let at = 0; at < bytes.length;) {
      const judgement = judgePacket(bytes.subarray(at), at === 0);
      if (judgement.kind === 'cut') return 'refused';
      if (judgement.kind === 'incomplete') {
        assert(bytes.length - at < 5, 'a fixed header has five bytes at most');
        break;
      }
      assert(judgement.packetBytes >= 2, 'a packet takes its fixed header');
      at += judgement.packetBytes;
    }
    return 'accepted';
  },
};

const topics: Door = {
  name: 'topic',
  samples: ['frame', 'heartbeat', 'refused', 'gone'].map((topic) =>
    utf8.encode(agentTopic('edge-1.a_b', topic as UpTopic)),
  ),
  open: (bytes) => {
    const text = utf8Decoder.decode(bytes);
    const parsed = parseAgentTopic(text);
    if (parsed === undefined) return 'refused';
    assert.equal(agentTopic(parsed.agent, parsed.topic as UpTopic), text);
    return 'accepted';
  },
};

const head = { incarnation: 4, highestSequence: 77 };
const verdict = { incarnation: 4, sequence: 77, code: 'checksum', detail: 'frame 77 – damaged', entries: [0, 5, 9] };
const spansTold = [{ from: 3, to: 4, earliestMs: -5, latestMs: 1_700_000_000_000 }];

/** Where bytes of agents, of the log and of disks are read. */
export const BYTE_DOORS: readonly Door[] = [
  frames,
  recordDoor,
  row,
  block,
  spans,
  packets,
  topics,
  messageDoor(
    'heartbeat',
    samplesOf(heartbeats).flatMap((one) => [one, { ...one, highestSequence: 9, outstanding: spansTold }]),
    encodeHeartbeat,
    parseHeartbeat,
  ),
  messageDoor('refusal report', samplesOf(reports), encodeRefusalReport, parseRefusalReport),
  messageDoor('ledger head', [head, { ...head, handedTo: 'edge-2' }], encodeLedgerHead, parseLedgerHead),
  messageDoor('verdict', [verdict, { ...verdict, entries: [] }], encodeRefusedFrame, parseRefusedFrame),
  messageDoor(
    'order',
    samplesOf(records).flatMap((record) => (record.kind === 'order' ? [record.order] : [])),
    encodeAgentOrder,
    parseAgentOrder,
  ),
];
