/** What a broker has done since it started. Numbers only grow, but for the two that say what is held right now. */
export interface BrokerCounters {
  /** Frames in the log, by verdict. */
  readonly framesAccepted: number;
  readonly framesRefused: number;
  /** Bytes of the frames in the log. */
  readonly frameBytes: number;
  readonly heartbeatsLogged: number;
  /** Heartbeats that said nothing new. */
  readonly heartbeatsPassed: number;
  readonly reportsLogged: number;
  /** Heartbeats and reports that could not be read, or had a watermark from the future. */
  readonly messagesUnreadable: number;
  /** Messages that the log did not take; the agents send them again. */
  readonly appendsFailed: number;
  /** Connections ended for what they sent or did. */
  readonly connectionsCut: number;
  /** Clients that were not the agents that they said to be. */
  readonly loginsRefused: number;
  /** Connections that had not shown who they are and made room for others of their address. */
  readonly strangersCut: number;
  /** PUBLISH packets let in and not answered, and their bytes. */
  readonly inFlight: number;
  readonly inFlightBytes: number;
}

/** The counters while they are counted. */
export type Tally = {
  -readonly [Name in Exclude<keyof BrokerCounters, 'inFlight' | 'inFlightBytes'>]: number;
};

export function newTally(): Tally {
  return {
    framesAccepted: 0,
    framesRefused: 0,
    frameBytes: 0,
    heartbeatsLogged: 0,
    heartbeatsPassed: 0,
    reportsLogged: 0,
    messagesUnreadable: 0,
    appendsFailed: 0,
    connectionsCut: 0,
    loginsRefused: 0,
    strangersCut: 0,
  };
}
