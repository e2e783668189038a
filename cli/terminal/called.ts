/** A command of weir where a text shows one to type: at the start of a line, in quotes, or set apart. */
const SHOWN = /(?<=^|["'`]|: | {2})weir (?=[a-z-])/gm;

/**
 * A text for people whose commands work where they are read: as `weir.sh` was called, which is not by its bare name in
 * a checkout.
 */
export function asCalled(text: string, called: string = process.env['WEIR_COMMAND'] ?? 'weir'): string {
  return text.replaceAll(SHOWN, () => `${called} `);
}
