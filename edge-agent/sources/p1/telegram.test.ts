import { describe, expect, it } from 'vitest';
import { crc16, telegramRows } from './telegram.ts';
import { BELGIAN, DUTCH, OLD } from './telegrams.fixtures.ts';

const NO_VALUES: ReadonlySet<string> = new Set();

function rowsOf(text: string, ...values: readonly string[]) {
  return telegramRows(text, new Set(values)).map((row) =>
    row.kind === 'fault'
      ? row.reason
      : { at: row.atMs === null ? null : new Date(row.atMs).toISOString(), ...row.fields },
  );
}

describe('a telegram of P1', () => {
  it('gives what its meter measured at its own time, and what it tells of another at that one', () => {
    const [own, gas, ...rest] = rowsOf(DUTCH, '1-0:1.8.1', '0-1:24.2.1');
    expect(rest).toEqual([]);
    expect(own).toMatchObject({
      at: '2024-01-27T09:15:06.000Z',
      '1-0:1.8.1': '004512.381 kWh',
      '1-0:1.7.0': '00.431 kW',
      '0-0:96.14.0': '0002',
      '1-0:99.97.0': '(1)(0-0:96.7.19)(231104081523W)(0000001842*s)',
    });
    expect(own).not.toHaveProperty('0-1:24.2.1');
    expect(gas).toMatchObject({
      at: '2024-01-27T09:10:00.000Z',
      '0-1:24.2.1': '02311.874 m3',
      '0-1:96.1.0': '4730303339303031',
    });
    expect(gas).not.toHaveProperty('1-0:1.8.1');
  });

  it('has summer time where it says so, and leaves out a meter whose time is none', () => {
    expect(rowsOf(BELGIAN)).toEqual([
      expect.objectContaining({ at: '2024-07-27T08:15:06.000Z', '1-0:1.4.0': '02.351 kW' }),
      expect.objectContaining({ at: '2024-07-17T16:15:00.000Z', '1-0:1.6.0': '03.695 kW' }),
      expect.objectContaining({ at: '2024-07-27T08:10:02.000Z', '0-1:24.2.3': '00112.384 m3' }),
      'the telegram has the time "632525252525S", which is none',
    ]);
  });

  it('of an old meter has no time, and its gas one by the clock', () => {
    expect(rowsOf(OLD)).toEqual([
      { at: null, '0-0:96.1.1': '4B38', '1-0:1.8.1': '00185.000 kWh' },
      {
        at: '2010-01-15T11:00:00.000Z',
        '0-0:96.1.1': '4B38',
        '1-0:1.8.1': '00185.000 kWh',
        '0-1:24.2.1': '00412.378 m3',
      },
    ]);
  });

  it('is believed with line ends of another kind, and with no byte changed on the way', () => {
    expect(telegramRows(DUTCH.replaceAll('\r\n', '\n').trim(), NO_VALUES)).toEqual(telegramRows(DUTCH, NO_VALUES));
    expect(rowsOf(DUTCH.replace('4512', '4612'))).toEqual([
      'the telegram has not the checksum A712 that it ends in: something was lost on its way',
    ]);
    expect(rowsOf(DUTCH.replace('!A712', ''))).toEqual([expect.stringMatching(/^the telegram is cut off/)]);
    expect(rowsOf(DUTCH.slice(9))).toEqual(['the telegram does not begin with / as telegrams do']);
    expect(rowsOf(OLD.replace('00185.000*kWh)', '0018'))).toEqual([
      expect.objectContaining({ '0-0:96.1.1': '4B38' }),
      expect.objectContaining({ '0-1:24.2.1': '00412.378 m3' }),
      'the telegram holds a line that is no code with values in parentheses',
    ]);
  });

  it('has the checksum that the catalogue of such sums tells of 123456789', () => {
    expect(crc16(Buffer.from('123456789'))).toBe(0xbb3d);
  });
});
