/** What the section `stores.influx` says. */
import { z } from 'zod';
import { pathField, secretFile } from '#backbone/disk/path-fields.ts';
import { POINT_FIELDS } from './line-writer.ts';

/** Why a text is no address of an InfluxDB; null where it is one. */
function urlFault(text: string): string | null {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return `${text} is no URL; write it like http://127.0.0.1:8086`;
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return `${text} is not HTTP; write http:// or https://`;
  if (url.username !== '' || url.password !== '')
    return 'a URL has no secret in it; name the file of the token instead';
  if (url.search !== '' || url.hash !== '') return `${text} has a query; write the address alone`;
  return null;
}

const influxSection = z.strictObject({
  url: z
    .string()
    .superRefine((text, context) => {
      const fault = urlFault(text);
      if (fault !== null) context.addIssue({ code: 'custom', message: fault });
    })
    .meta({ title: 'URL', description: 'Where InfluxDB 2 is.', examples: ['http://127.0.0.1:8086'] }),
  org: z
    .string()
    .min(1)
    .meta({ description: 'The organization that has the bucket.', examples: ['weir'] }),
  bucket: z
    .string()
    .min(1)
    .meta({ description: 'The bucket that is written to: one that nobody else writes to.', examples: ['views'] }),
  token: secretFile('influx.token').meta({
    description: 'The token that may write the bucket.',
    examples: [{ file: 'influx.token' }],
  }),
  fields: z
    .array(z.enum(POINT_FIELDS))
    .min(1)
    .default([...POINT_FIELDS])
    .meta({
      description:
        'The fields of a point: all unless given. InfluxDB\u2019s work goes by fields, so fewer are written faster.',
      examples: [['count', 'sum', 'min', 'max', 'completeness']],
    }),
  ca: pathField(
    'PEM file of the certificates that are trusted, where they are not those of the system.',
    'ca.pem',
  ).optional(),
});

/** The `stores:` section: who else keeps the windows of the views, for other tools. */
export const storesSchema = z.strictObject({
  influx: influxSection
    .meta({
      description: 'An InfluxDB 2, in which every slice of every view is a point.',
      examples: [{ url: 'http://127.0.0.1:8086', org: 'weir', bucket: 'views', token: { file: 'influx.token' } }],
    })
    .optional(),
});

/** Names that a point can't have as a tag (InfluxDB 2, line protocol: naming restrictions). */
const TAGS_RESERVED = new Set(['time', '_time', '_measurement', '_field', '_value', '_start', '_stop', 'state']);

/** The tag of a view that InfluxDB can't take; undefined where it takes all. */
export function reservedTag(by: readonly string[]): string | undefined {
  return by.find((tag) => TAGS_RESERVED.has(tag));
}
