import type { ComponentChildren } from 'preact';
import type { AccessInfo } from '../api/access.ts';
import type { AgentInfo } from '../api/inventory.ts';
import type { Period } from '../choice/spans.ts';
import { formatPeriod } from '../format/times.ts';
import type { Problem } from '../stream/message.ts';
import type { WindowsState } from '../stream/windows-state.ts';

/** The server can't be reached, and there is nothing from before to show. */
export function ServerAway({ problem }: { readonly problem: string }) {
  return (
    <Notice title="The server is away" urgent>
      <p>{problem} This page tries again by itself. If the server was stopped, start it in its folder:</p>
      <pre>npm start</pre>
    </Notice>
  );
}

/** The session has ended while the page was open, so nothing of what it showed is shown any longer. */
export function SignedOut() {
  return (
    <Notice title="You are signed out" urgent>
      <p>The session has ended: it was signed out elsewhere, its time is over, or its token was revoked.</p>
      <p>
        <a class="action" href={`login${location.hash}`}>
          Sign in
        </a>
      </p>
    </Notice>
  );
}

/** Says what is left out for whoever does not see everything. */
export function Confinement({ access }: { readonly access: AccessInfo }) {
  const text = confinementText(access);
  return text === undefined ? null : <p class="quiet confinement">{text}</p>;
}

/** Which rows are seen, in a sentence; undefined where it is all of them. */
export function confinementText({ where }: Pick<AccessInfo, 'where'>): string | undefined {
  const tags = Object.entries(where).map(([tag, values]) => `${tag} ${values.join(' or ')}`);
  return tags.length === 0 ? undefined : `You see only what is of ${tags.join(', and of ')}.`;
}

/** There may be views, and none of them is for who looks. */
export function NoViewsForYou({ access: { name } }: { readonly access: AccessInfo }) {
  return (
    <Notice title="No view is for you to see">
      <p>
        Token {name} is confined to views or rows that none of the declared views has. Who runs this server can make one
        that sees more, by <code>weir tokens add</code>.
      </p>
    </Notice>
  );
}

/** No view is declared, so nothing is asked. */
export function NoViews() {
  return (
    <Notice title="No view is declared yet">
      <p>
        A view says what to ask of the readings. Declare one in <code>weir.yaml</code> and start again:
      </p>
      <pre>{'views:\n  power-by-region: { metric: power, by: [region], slice: 1m }'}</pre>
      <p>
        Or see it with simulated meters: <code>npm start</code>.
      </p>
    </Notice>
  );
}

/** The address names a view that is not there. */
export function UnknownView({ name, known }: { readonly name: string; readonly known: readonly string[] }) {
  return (
    <Notice title={`There is no view ${name}`} urgent>
      <p>
        Choose one that is declared:{' '}
        {known.map((one, i) => (
          <>
            {i > 0 ? ', ' : ''}
            <a href={`#${new URLSearchParams({ view: one })}`}>{one}</a>
          </>
        ))}
        .
      </p>
    </Notice>
  );
}

/** The server did not answer the question. */
export function Refusal({ problem }: { readonly problem: Problem }) {
  return (
    <Notice title={problem.title} urgent>
      <p>{problem.detail}</p>
    </Notice>
  );
}

/** The view has no readings: what to do depends on whether an agent is there. */
export function NoReadings({
  view,
  metric,
  agents,
}: {
  readonly view: string;
  readonly metric: string;
  /** Undefined where they are not for the viewer to see. */
  readonly agents: readonly AgentInfo[] | undefined;
}) {
  if (agents === undefined) {
    return (
      <Notice title="No readings yet">
        <p>
          Nothing of metric <code>{metric}</code> that you may see has arrived for view <code>{view}</code>. Its windows
          appear here with the first reading.
        </p>
      </Notice>
    );
  }
  const online = agents.filter(({ presence }) => presence?.online === true);
  if (online.length > 0) {
    return (
      <Notice title="No readings yet">
        <p>
          {online.length === 1 ? `Agent ${online[0]!.agent} is` : `${online.length} agents are`} connected, but nothing
          of metric <code>{metric}</code> has arrived for view <code>{view}</code>. Its windows appear here with the
          first reading. If they stay away, see whether the agent’s sources name this metric, and what was refused
          below.
        </p>
      </Notice>
    );
  }
  return (
    <Notice title="No readings yet">
      <p>
        No agent is connected. Start one beside your data, with a configuration that names a source of metric{' '}
        <code>{metric}</code>:
      </p>
      <pre>npx weir edge --config weir.yaml</pre>
      <p>Its windows appear here with the first reading; there is no need to reload.</p>
    </Notice>
  );
}

/** The view has readings, but none in the period that was chosen. */
export function NoReadingsThen({ data, nowMs }: { readonly data: Period; readonly nowMs: number }) {
  return (
    <Notice title="No readings in this period">
      <p>{`The view has readings: ${formatPeriod(data, nowMs)}. Choose a period that meets them, or a span.`}</p>
    </Notice>
  );
}

/** Agents that are named where an answer does without them. */
const WITHOUT_NAMED_MAX = 5;

/** What the answer can't promise, in sentences. */
export function caveats({
  isProvisional,
  without,
}: Pick<WindowsState, 'isProvisional' | 'without'>): readonly string[] {
  const sentences: string[] = [];
  if (isProvisional) {
    sentences.push('The view is being made from all that the log holds: nothing is complete or final yet.');
  }
  if (without.length > 0) {
    const named = without.slice(0, WITHOUT_NAMED_MAX).join(', ');
    const more = without.length > WITHOUT_NAMED_MAX ? ` and ${without.length - WITHOUT_NAMED_MAX} more` : '';
    sentences.push(`Nothing more is waited for of ${named}${more}, or some of it was lost for good.`);
  }
  return sentences;
}

interface NoticeProps {
  readonly title: string;
  /** Whether it interrupts a reader who does not see it. */
  readonly urgent?: boolean;
  readonly children: ComponentChildren;
}

/** A plain word about why there is nothing to see, and what to do. */
function Notice({ title, urgent = false, children }: NoticeProps) {
  return (
    <section class="notice" role={urgent ? 'alert' : undefined}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}
