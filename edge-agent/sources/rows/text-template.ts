import { WeirError } from '#core/errors.ts';

/** A device or tag as the configuration writes it: text in which `{column}` stands for that column of the row. */
export interface TextTemplate {
  /** Literal texts around the columns: one more than there are columns. */
  readonly texts: readonly string[];
  readonly columns: readonly string[];
}

/** A template with a brace that has no partner or holds nothing. */
export class TextTemplateError extends WeirError {
  readonly kind = 'text-template';

  constructor(template: string) {
    super(
      `template ${JSON.stringify(template.slice(0, 100))} has a brace without its partner, or an empty pair; ` +
        'write {column} for the text of a column',
      { fault: 'asked' },
    );
  }
}

/** Takes a template apart. Throws TextTemplateError. */
export function parseTextTemplate(template: string): TextTemplate {
  const texts: string[] = [];
  const columns: string[] = [];
  let textAt = 0;
  for (const match of template.matchAll(/\{([^{}]+)\}/g)) {
    texts.push(template.slice(textAt, match.index));
    columns.push(match[1]!);
    textAt = match.index + match[0].length;
  }
  texts.push(template.slice(textAt));
  if (texts.some((text) => /[{}]/.test(text))) throw new TextTemplateError(template);
  return { texts, columns };
}

/** The template with its columns' texts put in. */
export function fillTextTemplate(template: TextTemplate, textOf: (column: string) => string): string {
  let filled = template.texts[0]!;
  template.columns.forEach((column, i) => {
    filled += textOf(column) + template.texts[i + 1]!;
  });
  return filled;
}

/** What stands for the name of a column in the templates of a rule that takes a series of each of several. */
export const OWN_COLUMN = 'column';
