import type { ComponentChildren } from 'preact';

interface NoticeProps {
  readonly title: string;
  /** Whether it interrupts a reader who does not see it. */
  readonly urgent?: boolean;
  readonly children: ComponentChildren;
}

/** A plain word about why there is nothing to see, and what to do. */
export function Notice({ title, urgent = false, children }: NoticeProps) {
  return (
    <section class="notice" role={urgent ? 'alert' : undefined}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}
