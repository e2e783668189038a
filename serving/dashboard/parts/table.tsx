import type { ComponentChildren } from 'preact';

/** A column of a table: its heading, a quiet word after it, and the classes of its cells. */
export interface TableColumn {
  readonly name: string;
  readonly note?: string | null;
  readonly class?: string;
}

interface TablePanelProps {
  /** Names the parts of the panel to each other; unique on the page. */
  readonly id: string;
  readonly title: string;
  readonly note?: string;
  readonly columns: readonly TableColumn[];
  readonly class?: string;
  /** Rows of the table. */
  readonly children: ComponentChildren;
  /** Stands below the table. */
  readonly after?: ComponentChildren;
}

/** A section with a table, which on a narrow screen is moved sideways within it, with the keyboard too. */
export function TablePanel({ id, title, note, columns, class: more = '', children, after }: TablePanelProps) {
  const heading = `${id}-heading`;
  return (
    <section class="panel" aria-labelledby={heading}>
      <h2 id={heading}>
        {title}
        {note === undefined ? null : <span class="quiet"> {note}</span>}
      </h2>
      <div class={`scroll ${more}`.trimEnd()} tabIndex={0} role="region" aria-labelledby={heading}>
        <table>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column.name} scope="col" class={column.class}>
                  {column.name}
                  {column.note ? <span class="quiet"> {column.note}</span> : null}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{children}</tbody>
        </table>
      </div>
      {after}
    </section>
  );
}
