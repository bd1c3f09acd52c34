// The schema with every kind of field, key and relation, and the function that answers its queries.
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const schema = path.join(path.dirname(fileURLToPath(import.meta.url)), 'schemas', 'shop.graphql');

export const answer = `const answers = {
  echo: ({ text, times }) => text.repeat(times ?? 1),
  total: ({ range, statuses }) => ({ count: statuses.length, names: statuses, first: { lat: range.from, lon: range.to } }),
  people: ({ name }) => [{ id: 'z', name, createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:00.000Z' }],
  numbers: () => [1, 2, 3],
  status: () => 'SENT',
  shout: ({ text }) => text.toUpperCase(),
  header: (_, request) => request.headers['x-shop'],
  broken: () => { throw new Error('as it was told'); },
};
export const handler = async ({ fieldName, arguments: given, request }) => answers[fieldName](given, request);
`;
