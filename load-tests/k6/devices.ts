/**
 * Devices: readings are posted to an agent, as JSON and as line protocol, by as many connections as it takes. What was
 * answered is in the agent's synced journal; the runner then counts what the server has of it.
 */
import { check } from 'k6';
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter } from 'k6/metrics';
import { given, givenNumber, TREND_STATS, writeSummary } from './environment.ts';

const JSON_URL = given('SOURCE_URL');
const LINES_URL = given('LINES_URL');
const SECONDS = givenNumber('SECONDS');
const START_MS = givenNumber('START_MS');
const CONNECTIONS = 8;
/** Readings of one request, each of another device. */
const READINGS = 500;

const accepted = new Counter('accepted');

const executor = 'constant-vus';
export const options = {
  scenarios: {
    json: { executor, vus: CONNECTIONS, duration: `${SECONDS}s`, exec: 'json' },
    lines: { executor, vus: CONNECTIONS, duration: `${SECONDS}s`, exec: 'lines' },
  },
  thresholds: {
    accepted: ['count>0'],
    checks: ['rate==1'],
    'http_req_duration{scenario:json}': ['p(99)<1000'],
    'http_req_duration{scenario:lines}': ['p(99)<1000'],
  },
  summaryTrendStats: TREND_STATS,
};

/** The time of a request's readings: no two requests of one kind have the same. */
function momentOf(): number {
  return START_MS + exec.scenario.iterationInTest * 1_000;
}

export function json(): void {
  const time = momentOf();
  const readings = Array.from({ length: READINGS }, (_, i) => ({
    time,
    metric: 'power',
    device: `json-${i}`,
    value: (time / 1_000 + i) % 1_000,
  }));
  const answer = http.post(`${JSON_URL}/readings`, JSON.stringify(readings));
  if (check(answer, { 'readings are stored': ({ status }) => status === 200 })) accepted.add(READINGS);
}

export function lines(): void {
  const time = momentOf();
  let body = '';
  for (let i = 0; i < READINGS; i++) body += `meter,host=line-${i} power=${(time / 1_000 + i) % 1_000} ${time}\n`;
  const answer = http.post(`${LINES_URL}/api/v2/write?precision=ms`, body);
  if (check(answer, { 'lines are stored': ({ status }) => status === 204 })) accepted.add(READINGS);
}

export const handleSummary = writeSummary;
