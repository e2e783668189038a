/** The real files of `examples/data` as sources of a configuration; a test says which series it reads of them. */
import { fileURLToPath } from 'node:url';

export const DATA = fileURLToPath(new URL('../../examples/data', import.meta.url));

/** A household's power, a reading a minute, by the clock of Paris. */
export function householdSource(series: readonly string[]): string {
  return `
  household:
    kind: csv
    file: ${DATA}/uci-household-power.csv
    missing: ['', '?']
    time: { columns: [Datetime], format: dd/MM/yyyy HH:mm:ss, zone: Europe/Paris }${seriesOf(series)}`;
}

/** A temperature, of a `machine` or of the `ambient` air; the metric has the same name. */
export function temperatureSource(name: 'machine' | 'ambient'): string {
  return `
  ${name}:
    kind: csv
    file: ${DATA}/nab-${name}-temperature.csv
    time: { columns: [timestamp], format: yyyy-MM-dd HH:mm:ss }${seriesOf([`{ metric: ${name}, value: value, device: ${name} }`])}`;
}

/** The plugs of a house: their load where the property is 1, their work where it is 0. */
export function plugsSource(house: number, series: readonly string[]): string {
  return `
  plugs-${house}:
    kind: csv
    file: ${DATA}/debs2014-house${house}.csv
    columns: [id, ts, value, property, plug, household, house]
    time: { columns: [ts], format: unix }${seriesOf(series)}`;
}

function seriesOf(series: readonly string[]): string {
  return `\n    series:${series.map((one) => `\n      - ${one}`).join('')}`;
}
