import { TOPIC_CHARS_MAX } from './limits.ts';

/** What begins every topic of Sparkplug B (§4.1.1). */
export const NAMESPACE = 'spBv1.0';

const NODE_TYPES = ['NBIRTH', 'NDATA', 'NDEATH'] as const;
const DEVICE_TYPES = ['DBIRTH', 'DDATA', 'DDEATH'] as const;

/** What an edge node says: of itself, or of one of its devices. */
export type MessageType = (typeof NODE_TYPES)[number] | (typeof DEVICE_TYPES)[number];

export const MESSAGE_TYPES: readonly MessageType[] = [...NODE_TYPES, ...DEVICE_TYPES];

export interface MessageTopic {
  readonly type: MessageType;
  readonly group: string;
  readonly node: string;
  /** Null where the node speaks of itself. */
  readonly device: string | null;
}

/** The topic of something that an edge node says: `spBv1.0/group/type/node[/device]` (§4.1); null for any other. */
export function parseMessageTopic(topic: string): MessageTopic | null {
  if (topic.length > TOPIC_CHARS_MAX) return null;
  const [namespace, group, type, node, device, ...rest] = topic.split('/');
  if (namespace !== NAMESPACE || !group || !node || rest.length > 0) return null;
  const known = MESSAGE_TYPES.find((one) => one === type);
  if (known === undefined) return null;
  const isOfDevice = DEVICE_TYPES.some((one) => one === known);
  if (isOfDevice ? !device : device !== undefined) return null;
  return { type: known, group, node, device: device ?? null };
}

/** Where a node takes commands. */
export function commandTopic(group: string, node: string): string {
  return `${NAMESPACE}/${group}/NCMD/${node}`;
}

/** Where a host application says whether it is there. */
export function stateTopic(host: string): string {
  return `${NAMESPACE}/STATE/${host}`;
}
