import manifest from '../package.json' with { type: 'json' };

/** The version in package.json. */
export function weirVersion(): string {
  return manifest.version;
}

/** What runs, as lines: weir, Node, and the formats of what it sends and stores. */
export async function describeVersion(): Promise<string> {
  const { FORMAT_VERSION } = await import('#core/frames/header.ts');
  const { RECORD_VERSION } = await import('#core/records/record-codec.ts');
  const { EMBEDDED_LOG_FORMAT } = await import('#backbone/log/embedded-log.ts');
  const formats = [`frames ${FORMAT_VERSION}`, `records ${RECORD_VERSION}`, `log ${EMBEDDED_LOG_FORMAT}`];
  const { node, icu, tz } = process.versions;
  return `weir ${weirVersion()}\nnode ${node} (ICU ${icu ?? 'none'}, tzdata ${tz ?? 'none'})\nformats: ${formats.join(', ')}\n`;
}
