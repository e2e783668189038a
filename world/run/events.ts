/**
 * What can happen in a world, rare or not. A sweep over many seeds in which one of them never happened has not tested
 * what it says it has, and fails.
 */
export const EVENTS = [
  'a process is killed',
  'a process is killed before a durable write',
  'a process is killed after a durable write',
  'a process is stopped in order',
  'power is lost',
  'power is lost with writes that are not synced',
  'a write finds no space',
  'a write fails',
  'a process gives up because its disk fails',
  'a disk is restored to an older state',
  'a clock jumps ahead',
  'a clock jumps back',
  'a connection is cut',
  'a link is cut for a time',
  'a link is slow',
  'data come in pieces',
  'a message is dropped',
  'a message is repeated',
  'messages are reordered',
  'a reading is late',
  'a reading is repeated',
  'a reading is amended',
  'a reading is days old',
  'something is sent that is no reading',
  'a request has to be sent again',
  'a question is answered',
  'a question is not answered',
  'a batch run ends well',
  'a batch run is interrupted',
  'everything is verified while it runs',
  'a view is rolled back',
  'a view is declared anew',
  'an agent is told to send otherwise',
  'a stream is told',
  'a stream is resumed',
  'a reader of a stream stalls',
] as const;

export type EventName = (typeof EVENTS)[number];
