/** A spike of readers: questions about the day so far, more and more of them, at rates that do not wait for answers. */
import { check } from 'k6';
import exec from 'k6/execution';
import http from 'k6/http';
import { given, givenNumber, TREND_STATS, writeSummary } from './environment.ts';

const URL = given('WEIR_URL');
const RATE = givenNumber('RATE');
const SECONDS = givenNumber('SECONDS');
const DAY = `from=${given('FROM')}&to=${given('TO')}`;
const DEVICES = givenNumber('DEVICES');
const REGIONS = given('REGIONS').split(',');

export const options = {
  scenarios: {
    spike: {
      executor: 'ramping-arrival-rate',
      startRate: Math.ceil(RATE / 10),
      timeUnit: '1s',
      stages: [
        { duration: `${SECONDS / 2}s`, target: RATE },
        { duration: `${SECONDS / 2}s`, target: Math.ceil(RATE / 10) },
      ],
      preAllocatedVUs: 20,
      maxVUs: 100,
      exec: 'ask',
    },
  },
  thresholds: { http_req_duration: ['p(99)<1000'], http_reqs: ['count>0'], checks: ['rate==1'] },
  summaryTrendStats: TREND_STATS,
};

export function ask(): void {
  const number = exec.scenario.iterationInTest;
  const region = REGIONS[number % REGIONS.length]!;
  const question =
    number % 4 === 0
      ? `load-by-device/windows?${DAY}&window=15m&stats=count,mean&device=${region}-${(number * 7_919) % DEVICES}`
      : `load-by-region/windows?${DAY}&window=1h&stats=count,mean,max&region=${region}`;
  const answer = http.get(`${URL}/api/v1/views/${question}`);
  check(answer, { 'the question is answered': ({ status }) => status === 200 });
}

export const handleSummary = writeSummary;
