import type { View } from '../views/view.ts';
import { DOWN_TOPICS, type DownTopic, parseAgentTopic, UP_TOPICS, type UpTopic } from '../wire/topics.ts';
import { type Grant, isConfined, type Principal, type Right, RIGHTS } from './principal.ts';

/** What a view says about who may see it. */
export type SeenView = Pick<View, 'name' | 'by' | 'where'>;

/** What somebody may or may not do. */
export type Action =
  /** Over MQTT: to a topic, or from what a filter of topics names, in full. */
  | { readonly kind: 'publish'; readonly topic: string }
  | { readonly kind: 'subscribe'; readonly filter: string }
  /** Asks a view, in any way that a view can be asked. */
  | { readonly kind: 'ask'; readonly view: SeenView }
  /** Sees which views there are, as far as they may be asked. */
  | { readonly kind: 'list' }
  /** Sees the agents, their ledgers, what was refused, what runs, and the measurements. */
  | { readonly kind: 'inspect' }
  /** Has history recomputed or compared. */
  | { readonly kind: 'recompute' }
  /** Decides: takes back a batch result, or what becomes of an agent; takes a copy of all that there is. */
  | { readonly kind: 'decide' };

/** Whether somebody may do something. What isn't named here nobody may. */
export function permits(principal: Principal, action: Action): boolean {
  switch (principal.kind) {
    case 'anyone':
      return true;
    case 'stranger':
      return false;
    case 'agent':
      return agentMay(principal.agent, action);
    case 'token':
      return tokenMay(principal.grant, action);
  }
}

/** An agent speaks and hears for itself only. */
function agentMay(agent: string, action: Action): boolean {
  switch (action.kind) {
    case 'publish':
      return isOwn(agent, action.topic, UP_TOPICS);
    case 'subscribe':
      return isOwn(agent, action.filter, DOWN_TOPICS);
    case 'ask':
    case 'list':
    case 'inspect':
    case 'recompute':
    case 'decide':
      return false;
  }
}

function isOwn(agent: string, full: string, topics: readonly (UpTopic | DownTopic)[]): boolean {
  const parsed = parseAgentTopic(full);
  return parsed?.agent === agent && topics.some((topic) => topic === parsed.topic);
}

function tokenMay(grant: Grant, action: Action): boolean {
  switch (action.kind) {
    case 'publish':
    case 'subscribe':
      return false;
    case 'ask':
      return grantedRows(grant, action.view) !== null;
    case 'list':
      return true;
    case 'inspect':
      // What is told of agents is told of all their series.
      return !isConfined(grant);
    case 'recompute':
      return includes(grant.may, 'write') && !isConfined(grant);
    case 'decide':
      return includes(grant.may, 'operate') && !isConfined(grant);
  }
}

function includes(granted: Right, needed: Right): boolean {
  return RIGHTS.indexOf(granted) >= RIGHTS.indexOf(needed);
}

/** The values that a tag may have, by tag; a tag that isn't named admits all. */
export type Rows = ReadonlyMap<string, readonly string[]>;

const ALL_ROWS: Rows = new Map();

/** The rows of a view that somebody may see, by the view's tags; null where the view is not for them. */
export function rowsFor(principal: Principal, view: SeenView): Rows | null {
  switch (principal.kind) {
    case 'anyone':
      return ALL_ROWS;
    case 'stranger':
    case 'agent':
      return null;
    case 'token':
      return grantedRows(principal.grant, view);
  }
}

/** A view that doesn't tell a tag apart can't be filtered by it: it is seen whole, where all that it takes may be, or not at all. */
function grantedRows({ views, where }: Grant, view: SeenView): Rows | null {
  if (views !== null && !views.includes(view.name)) return null;
  const rows = new Map<string, readonly string[]>();
  for (const [tag, values] of Object.entries(where)) {
    const taken = Object.hasOwn(view.where, tag) ? view.where[tag]! : undefined;
    if (taken?.every((value) => values.includes(value)) === true) continue;
    if (!view.by.includes(tag)) return null;
    rows.set(tag, values);
  }
  return rows;
}

/** What is asked for, as far as it may be seen. */
export function confinedTo(rows: Rows, asked: Rows): Rows {
  if (rows.size === 0) return asked;
  const confined = new Map(asked);
  for (const [tag, values] of rows) {
    const wanted = asked.get(tag);
    confined.set(tag, wanted === undefined ? values : wanted.filter((value) => values.includes(value)));
  }
  return confined;
}
