import { Budget, EdgeNode, type NodeMessage, type EdgeNodeOptions } from './edge-node.ts';
import { DEFINITIONS_MAX, HELD_BYTES_MAX, NODES_MAX, REBIRTHS_AT_ONCE_MAX } from './limits.ts';

/** An edge node by its descriptor: group and node (Eclipse Sparkplug 3.0, §1.4.1). */
export interface NodeName {
  readonly group: string;
  readonly node: string;
}

interface KnownNode<Message extends NodeMessage> {
  readonly name: NodeName;
  readonly session: EdgeNode<Message>;
}

/** The edge nodes that a source hears. Decides, and sends nothing itself; time is an argument, as for a node. */
export class EdgeNodes<Message extends NodeMessage = NodeMessage> {
  readonly #options: EdgeNodeOptions<Message>;
  readonly #nodesMax: number;
  /** The one that was born or heard first stands first. */
  readonly #nodes = new Map<string, KnownNode<Message>>();

  constructor(
    options: Pick<EdgeNodeOptions<Message>, 'isTaken' | 'reorderMs' | 'deliver' | 'onGap'>,
    { nodesMax = NODES_MAX, heldBytesMax = HELD_BYTES_MAX, definitionsMax = DEFINITIONS_MAX } = {},
  ) {
    this.#options = { ...options, held: new Budget(heldBytesMax), definitions: new Budget(definitionsMax) };
    this.#nodesMax = nodesMax;
  }

  receive(message: Message, atMs: number): void {
    const session = this.#sessionOf(message.topic);
    if (session !== undefined) return session.receive(message, atMs);
    const refused = `comes from one more than the ${this.#nodesMax} edge nodes that a source hears at a time`;
    this.#options.deliver({ message, metrics: [], refused, ends: false });
  }

  /** What time alone changes. To be called a few times a second. */
  tick(atMs: number): void {
    for (const { session } of this.#nodes.values()) session.tick(atMs);
  }

  /** The nodes that are to be asked for their births now: the caller does, or nobody. */
  takeRebirths(atMs: number): readonly NodeName[] {
    const due: NodeName[] = [];
    for (const { name, session } of this.#nodes.values()) {
      if (due.length >= REBIRTHS_AT_ONCE_MAX) break;
      if (session.rebirth.take(atMs)) due.push(name);
    }
    return due;
  }

  /** Messages may have been missed, as while the broker was away: no session is known any more. */
  leave(atMs: number): void {
    for (const { session } of this.#nodes.values()) session.leave(atMs);
  }

  #sessionOf({ group, node }: NodeName): EdgeNode<Message> | undefined {
    const key = `${group}/${node}`;
    const known = this.#nodes.get(key);
    if (known !== undefined) return known.session;
    if (this.#nodes.size >= this.#nodesMax && !this.#forgetOne()) return undefined;
    const session = new EdgeNode(this.#options);
    this.#nodes.set(key, { name: { group, node }, session });
    return session;
  }

  /** Makes room by forgetting one that is gone. */
  #forgetOne(): boolean {
    for (const [key, { session }] of this.#nodes) {
      if (!session.isAlive) return this.#nodes.delete(key);
    }
    return false;
  }
}
