/**
 * Readers: questions about history by REST, at a rate that does not wait for answers. Most ask for a week of hours of one
 * region; some have the answer already and ask whether it still holds, some ask for one device, for rows, or for all devices.
 * Those of the first seconds are a figure of their own.
 */
import { check } from 'k6';
import exec from 'k6/execution';
import http, { type RefinedResponse } from 'k6/http';
import { given, givenNumber, TREND_STATS, writeSummary } from './environment.ts';

const URL = given('WEIR_URL');
const RATE = givenNumber('RATE');
const SECONDS = givenNumber('SECONDS');
const FIRST_SECONDS = givenNumber('FIRST_SECONDS');
const SERIES = givenNumber('SERIES');
const REGIONS = givenNumber('REGIONS');
const WEEK = `from=${given('FROM')}&to=${given('TO')}`;
const HOURS = 'window=1h&stats=count,mean,max';
const WIDE_EVERY_SECONDS = 5;

export const options = {
  scenarios: {
    // Users connect, all at once, to a server that has just added up and reads everything for the first time.
    first: {
      executor: 'constant-arrival-rate',
      rate: RATE,
      timeUnit: '1s',
      duration: `${FIRST_SECONDS}s`,
      preAllocatedVUs: 100,
      maxVUs: 100,
      exec: 'mixed',
    },
    mixed: {
      startTime: `${FIRST_SECONDS}s`,
      executor: 'constant-arrival-rate',
      rate: RATE,
      timeUnit: '1s',
      duration: `${SECONDS}s`,
      // All of them at the start: while one more is made, questions are left out.
      preAllocatedVUs: 100,
      maxVUs: 100,
      exec: 'mixed',
    },
    wide: {
      startTime: `${FIRST_SECONDS}s`,
      executor: 'constant-arrival-rate',
      rate: 1,
      timeUnit: `${WIDE_EVERY_SECONDS}s`,
      duration: `${SECONDS}s`,
      preAllocatedVUs: 2,
      exec: 'wide',
    },
  },
  thresholds: {
    'http_req_duration{kind:region}': ['p(99)<=20'],
    'http_req_duration{kind:again}': ['p(99)<=20'],
    'http_req_duration{kind:device}': ['p(99)<=20'],
    'http_req_duration{kind:rows}': ['p(99)<=50'],
    'http_req_duration{kind:all-devices}': ['p(99)<=5000'],
    'http_reqs{kind:region}': ['count>0'],
    // Not bounded; k6 tells only of what has a bound.
    'http_req_duration{kind:first}': ['p(99)>=0'],
    'dropped_iterations{scenario:mixed}': ['count==0'],
    checks: ['rate==1'],
  },
  summaryTrendStats: TREND_STATS,
};

/** Of each region, the tag of the answer that this virtual user has. */
const tags = new Map<number, string>();

export function mixed(): void {
  const number = exec.scenario.iterationInTest;
  const region = number % REGIONS;
  const path = `${URL}/api/v1/views/load-by-region/windows?${WEEK}&${HOURS}`;
  switch (number % 10) {
    case 7: {
      const tag = tags.get(region);
      if (tag === undefined) {
        askRegion(path, region);
        return;
      }
      const answer = http.get(`${path}&region=region-${region}`, {
        headers: { 'if-none-match': tag },
        tags: { kind: kindNow('again') },
      });
      check(answer, { 'what has not changed is 304': ({ status }) => status === 304 });
      return;
    }
    case 8: {
      const device = `meter-${(number * 7_919) % SERIES}`;
      ask(`${URL}/api/v1/views/load-by-device/windows?${WEEK}&${HOURS}&device=${device}`, 'device');
      return;
    }
    case 9:
      ask(`${path}&region=region-${region}&format=csv`, 'rows');
      return;
    default:
      askRegion(path, region);
  }
}

export function wide(): void {
  ask(`${URL}/api/v1/views/load-by-device/windows?${WEEK}&${HOURS}&format=csv`, 'all-devices');
}

function askRegion(path: string, region: number): void {
  const answer = ask(`${path}&region=region-${region}`, 'region');
  const tag = answer.headers['Etag'];
  if (tag !== undefined) tags.set(region, tag);
}

function ask(url: string, kind: string): RefinedResponse<'text'> {
  const answer = http.get(url, { tags: { kind: kindNow(kind) }, responseType: 'text' });
  check(answer, { 'the question is answered': ({ status, body }) => status === 200 && body.length > 100 });
  return answer;
}

/** What a question counts as: those of the first seconds are told apart. */
function kindNow(kind: string): string {
  return exec.scenario.name === 'first' ? 'first' : kind;
}

export const handleSummary = writeSummary;
