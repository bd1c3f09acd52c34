// Subscriptions of the library, for tests: what they heard, and when the cloud has taken them.
import { CONNECTION_STATE_CHANGE } from 'aws-amplify/api';
import { Hub } from 'aws-amplify/utils';

import { until } from './project.mjs';

const open = [];
let acknowledged = 0;

/** The states of the connection, as the library tells them. */
export const states = [];

Hub.listen('api', ({ payload }) => {
  if (payload.event === CONNECTION_STATE_CHANGE) states.push(payload.data.connectionState);
  if (payload.event === 'Subscription ack') acknowledged += 1;
});

export const acknowledgements = () => acknowledged;

/** Subscribes; when this is done, the cloud has taken the subscription or refused it. */
export async function listen(observable, count = 1) {
  const heard = { items: [], errors: [] };
  const before = acknowledged;
  heard.subscription = observable.subscribe({ next: (item) => heard.items.push(item), error: (error) => heard.errors.push(error) });
  open.push(heard.subscription);
  await until('an answer to a subscription', () => acknowledged >= before + count || heard.errors.length > 0);
  return heard;
}

/** Nobody listens any more. */
export function silence() {
  open.splice(0).forEach((subscription) => subscription.unsubscribe());
}
