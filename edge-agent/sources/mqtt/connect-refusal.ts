/** Why a broker doesn't let in who connects, or doesn't give what was subscribed to. */
export interface Refusal {
  readonly reason: string;
  /** What has to be changed; null where the same may succeed later. */
  readonly remedy: string | null;
  /** Whether the broker doesn't know the version of MQTT. */
  readonly isVersion: boolean;
}

const LATER = { remedy: null, isVersion: false };
const WHO = { remedy: 'check `user`, and the file that `password` names', isVersion: false };
const VERSION: Refusal = {
  reason: 'does not speak this version of MQTT',
  remedy: 'name the other one, `version: 3` or `version: 5`, or leave it out',
  isVersion: true,
};

/** CONNACK of MQTT 3.1.1 (section 3.2.2.3). */
const RETURN_CODES: ReadonlyMap<number, Refusal> = new Map([
  [1, VERSION],
  [2, { reason: 'does not take the client id', remedy: 'name another `clientId`', isVersion: false }],
  [3, { reason: 'is not available', ...LATER }],
  [4, { reason: 'does not know the user or the password', ...WHO }],
  [5, { reason: 'does not allow the connection', ...WHO }],
]);

/** CONNACK of MQTT 5.0 (section 3.2.2.2): those that a person can do something about. */
const REASON_CODES: ReadonlyMap<number, Refusal> = new Map([
  [1, VERSION],
  [0x84, VERSION],
  [0x85, { reason: 'does not take the client id', remedy: 'name another `clientId`', isVersion: false }],
  [0x86, { reason: 'does not know the user or the password', ...WHO }],
  [0x87, { reason: 'does not allow the connection', ...WHO }],
  [0x8a, { reason: 'has banned the client', remedy: 'name another `clientId` or `user`', isVersion: false }],
  [0x8c, { reason: 'asks for another way to log in than a password', ...WHO }],
]);

/** What a code other than 0 in CONNACK says. */
export function connectRefusal(version: 4 | 5, code: number): Refusal {
  const known = (version === 5 ? REASON_CODES : RETURN_CODES).get(code);
  return known ?? { reason: `refused the connection with code ${code}`, ...LATER };
}
