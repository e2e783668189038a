/** What the strokes and bars of the chart mean. */
export function Key() {
  return (
    <p class="quiet key">
      <KeyItem sign="key-line" text="final" />
      <KeyItem sign="key-line key-dashed" text="provisional" />
      <KeyItem sign="key-bar key-full" text="complete" />
      <KeyItem sign="key-bar key-partial" text="partial" />
    </p>
  );
}

function KeyItem({ sign, text }: { readonly sign: string; readonly text: string }) {
  return (
    <span class="key-item">
      <span class={sign} aria-hidden="true" />
      {text}
    </span>
  );
}
