// An app in a browser, as a developer writes it: the library as it comes and the outputs file.
import { Amplify } from 'aws-amplify';
import { confirmSignUp, fetchAuthSession, signIn, signOut, signUp } from 'aws-amplify/auth';
import { generateClient } from 'aws-amplify/data';
import { downloadData, list, uploadData } from 'aws-amplify/storage';

const heard = [];
const failed = [];
let client;

const plain = (value) => JSON.parse(JSON.stringify(value ?? null));
const answer = ({ data, errors }) => plain({ data, errors });

globalThis.app = {
  configure(outputs) {
    Amplify.configure(outputs);
    client = generateClient();
  },
  signUp: (username, password) => signUp({ username, password, options: { userAttributes: { email: username } } }),
  confirm: (username, confirmationCode) => confirmSignUp({ username, confirmationCode }),
  signIn: (username, password) => signIn({ username, password }),
  signOut: () => signOut(),
  fails: (name, ...args) => globalThis.app[name](...args).then(() => null, ({ name: kind, message }) => ({ name: kind, message })),
  session: async () => {
    const { tokens, identityId } = await fetchAuthSession();
    return { identityId, signedIn: !!tokens };
  },
  models: async (model, operation, ...args) => answer(await client.models[model][operation](...args)),
  graphql: (given) => client.graphql(given).then(answer, answer),
  listen(model, operation, options) {
    client.models[model][operation](options).subscribe({ next: (item) => heard.push(plain(item)), error: (error) => failed.push(plain(error)) });
  },
  heard: () => heard,
  failed: () => failed,
  async upload(path, data, customEndpoint) {
    await uploadData({ path, data, options: { customEndpoint } }).result;
    const { body } = await downloadData({ path, options: { customEndpoint } }).result;
    const { items } = await list({ path, options: { customEndpoint } });
    return { text: await body.text(), paths: items.map((item) => item.path) };
  },
  /** A request of the page itself: what a script of another origin may read of its answer. */
  async fetch(url, options) {
    try {
      const given = await fetch(url, options);
      return { status: given.status, kind: given.headers.get('x-amzn-errortype'), id: !!given.headers.get('x-amzn-requestid'), text: await given.text() };
    } catch (error) {
      return { blocked: error.message };
    }
  },
};
