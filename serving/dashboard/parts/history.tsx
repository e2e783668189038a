import { type ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { AccessInfo } from '../api/access.ts';
import { AskFailed, isSignedOut } from '../api/ask.ts';
import type { ViewInfo } from '../api/inventory.ts';
import { order, type OrderProgress } from '../api/order.ts';
import { formatCount } from '../format/numbers.ts';
import { formatAgo } from '../format/times.ts';
import type { Exact } from '../stream/message.ts';

interface HistoryProps {
  readonly access: AccessInfo;
  /** Undefined where none is shown. */
  readonly view: ViewInfo | undefined;
  readonly nowMs: number;
  /** Told when an order has been carried out. */
  readonly onOrdered: () => void;
  /** Says that it may be over with what `access` allows. */
  readonly doubt: () => void;
}

type Kind = 'recompute' | 'rollback';

/** What has been ordered from here: nothing yet, what is under way, or how the last one ended. */
type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly order: Kind; readonly progress: OrderProgress | undefined }
  | { readonly kind: 'done'; readonly text: string }
  | { readonly kind: 'failed'; readonly text: string };

/** When the view was recomputed last, and the orders about it that the viewer may give; nothing for who may give none. */
export function History({ access, view, nowMs, onOrdered, doubt }: HistoryProps) {
  const [asking, setAsking] = useState<Kind>();
  const [state, setState] = useState<State>({ kind: 'idle' });
  const mayRecompute = access.allows.includes('recompute');
  const mayRollBack = access.allows.includes('decide');
  if (view === undefined || (!mayRecompute && !mayRollBack)) return null;
  const isRunning = state.kind === 'running';
  const give = async (kind: Kind, full: boolean): Promise<void> => {
    setAsking(undefined);
    setState({ kind: 'running', order: kind, progress: undefined });
    try {
      setState({ kind: 'done', text: await carryOut(kind, view.name, full, setState) });
      onOrdered();
    } catch (error) {
      if (!(error instanceof AskFailed)) throw error;
      setState({ kind: 'failed', text: error.message });
      if (isSignedOut(error)) doubt();
    }
  };
  return (
    <section class="panel" aria-labelledby="history-heading">
      <h2 id="history-heading">
        History <span class="quiet">{publishedText(view, nowMs)}</span>
      </h2>
      <div class="orders">
        {mayRecompute ? (
          <button type="button" class="action" disabled={isRunning} onClick={() => setAsking('recompute')}>
            Recompute …
          </button>
        ) : null}
        {mayRollBack ? (
          <button type="button" class="action" disabled={isRunning} onClick={() => setAsking('rollback')}>
            Roll back …
          </button>
        ) : null}
        <Outcome state={state} />
      </div>
      {asking === undefined ? null : (
        <Confirmation
          kind={asking}
          view={view.name}
          onGive={(full) => void give(asking, full)}
          onLeave={() => setAsking(undefined)}
        />
      )}
    </section>
  );
}

/** Has the server do it; gives what to say of how it ended. Throws AskFailed. */
async function carryOut(kind: Kind, view: string, full: boolean, told: (state: State) => void): Promise<string> {
  if (kind === 'rollback') {
    await order(`api/v1/views/${encodeURIComponent(view)}/rollback`, {}, () => undefined);
    return 'What was live before is live again.';
  }
  const { readings, seconds } = await order('api/v1/batch', { full }, (progress) =>
    told({ kind: 'running', order: kind, progress }),
  );
  return recomputedText(readings as Exact | undefined, seconds as Exact | undefined);
}

/** How a recompute ended: `Recomputed 1,234 readings in 2.5 s.` */
export function recomputedText(readings: Exact | undefined, seconds: Exact | undefined): string {
  if (readings === undefined || seconds === undefined) return 'Recomputed.';
  return `Recomputed ${formatCount(readings)} readings in ${Math.max(0.1, Number(seconds)).toFixed(1)} s.`;
}

/** When what is live was made from history. */
export function publishedText({ publishedMs }: Pick<ViewInfo, 'publishedMs'>, nowMs: number): string {
  return publishedMs === null ? 'not recomputed yet' : `recomputed ${formatAgo(publishedMs, nowMs)}`;
}

function Outcome({ state }: { readonly state: State }) {
  switch (state.kind) {
    case 'idle':
      return <p role="status" />;
    case 'running':
      return <Running {...state} />;
    case 'done':
      return <p role="status">{state.text}</p>;
    case 'failed':
      return (
        <p role="alert" class="warns">
          {state.text}
        </p>
      );
  }
}

function Running({ order: kind, progress }: Extract<State, { kind: 'running' }>) {
  const words = kind === 'rollback' ? 'Rolling back …' : 'Recomputing …';
  return (
    <p role="status">
      {words}{' '}
      {progress === undefined ? null : (
        <progress class="bar bar-full" max={1} value={progress.share} aria-label={progress.label} />
      )}
    </p>
  );
}

interface ConfirmationProps {
  readonly kind: Kind;
  readonly view: string;
  readonly onGive: (full: boolean) => void;
  readonly onLeave: () => void;
}

/** Asks whether it is meant, saying what it does. */
function Confirmation({ kind, view, onGive, onLeave }: ConfirmationProps) {
  const [full, setFull] = useState(false);
  if (kind === 'rollback')
    return (
      <Dialog title={`Roll back ${view}?`} yes="Roll back" onYes={() => onGive(false)} onLeave={onLeave}>
        <p>
          What was live before its last recompute is live again, in one step. No reading is lost: what came since is
          added to it. Rolled back once more, it is as it is now.
        </p>
      </Dialog>
    );
  return (
    <Dialog title="Recompute all views?" yes="Recompute" onYes={() => onGive(full)} onLeave={onLeave}>
      <p>History is folded beside what is shown, which changes over in one step once that is done.</p>
      <label class="check">
        <input type="checkbox" checked={full} onChange={(event) => setFull(event.currentTarget.checked)} />
        <span>All of it, from the first record on, not only what came since the last time</span>
      </label>
    </Dialog>
  );
}

interface DialogProps {
  readonly title: string;
  readonly yes: string;
  readonly onYes: () => void;
  readonly onLeave: () => void;
  readonly children: ComponentChildren;
}

/** A question that is answered before anything else; Escape is no. */
function Dialog({ title, yes, onYes, onLeave, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="dialog-heading" onClose={onLeave}>
      <h2 id="dialog-heading">{title}</h2>
      {children}
      <div class="orders">
        <button type="button" class="action action-yes" onClick={onYes}>
          {yes}
        </button>
        <button type="button" class="action" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
      </div>
    </dialog>
  );
}
