/** Where the table of what is measured stands in the README. */
const TABLE = /(?<=<!-- measured -->\n)[^]*?(?=<!-- end -->)/;

/** The README with another table. Throws where it has no place for one. */
export function withMeasured(readme: string, table: string): string {
  if (!TABLE.test(readme)) throw new Error('the README has no <!-- measured --> … <!-- end -->');
  return readme.replace(TABLE, () => `\n${table}\n`);
}
