// A project whose API knows every way to call, and what subscribers may and may not hear.
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Project } from './project.mjs';

const schema = path.join(path.dirname(fileURLToPath(import.meta.url)), 'schemas', 'room.graphql');

export const openRoom = (name) => Project.open(name, [
  ['add', 'auth', '--sign-in', 'email', '--groups', 'Editors,Readers', '--guests', 'true'],
  ['add', 'function', '--name', 'say'],
  ['add', 'api', '--name', 'room', '--schema', schema, '--auth', 'api-key', '--additional-auth', 'user-pool,iam'],
], { 'ampup/function/say/index.mjs': 'export const handler = async ({ arguments: given }) => given;' });
