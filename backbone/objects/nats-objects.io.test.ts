import { describeOnNatsServer } from '../nats/nats-server.fixtures.ts';
import { openNatsObjects } from './nats-objects.ts';
import { runObjectsCases } from './objects.cases.ts';

await describeOnNatsServer((nats) => {
  runObjectsCases('nats', async () => {
    const place = nats.newPlace();
    return { open: () => openNatsObjects(place), [Symbol.asyncDispose]: async () => {} };
  });
});
