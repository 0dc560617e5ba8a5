import { z } from 'zod';
import { given, parseBody, requestedAttributes, requestedTags } from '../objects/body.ts';
import { listPage } from '../objects/paging.ts';
import { bundle, listItem } from './bundle.ts';
import { keyOperations } from './creation.ts';
import type { KeyVersion } from './record.ts';
import { keyHandler, liveVersion } from './session.ts';

const updateBody = z.object({ key_ops: given(keyOperations), attributes: given(requestedAttributes), tags: given(requestedTags) });

/** `GET /keys/{name}[/{version}]`: the public half; a disabled key can be looked at. */
export const getKey = keyHandler('keys/read/action', (call) => {
  const { name, version } = liveVersion(call);
  return { status: 200, body: bundle(call.request, call.service, name, version) };
});

/** `PATCH /keys/{name}[/{version}]`: merges attributes; operations and tags, when given, replace all. */
export const updateKey = keyHandler('keys/write/action', (call) => {
  const { key_ops, attributes, tags } = parseBody(updateBody, call.request.body);
  const { name, version } = liveVersion(call);

  const updated: KeyVersion = {
    ...version,
    keyOps: key_ops ?? version.keyOps,
    attributes: {
      ...version.attributes,
      enabled: attributes?.enabled ?? version.attributes.enabled,
      nbf: attributes?.nbf ?? version.attributes.nbf,
      exp: attributes?.exp ?? version.attributes.exp,
      updated: call.now,
    },
    tags: tags ?? version.tags,
  };
  call.store.saveVersion(name, updated);
  return { status: 200, body: bundle(call.request, call.service, name, updated) };
});

/** `GET /keys`: live keys by name, each as its newest version describes it. */
export const listKeys = keyHandler('keys/read/action', ({ request, service, store }) =>
  listPage(request, service, {
    read: (after, limit) => store.newestAfter('live', after, limit),
    sortKey: ({ key }) => key.name,
    toItem: ({ key, version }) => listItem(request, service, key.name, version),
  }),
);

/** `GET /keys/{name}/versions`: by version identifier; an unknown name has none. */
export const listKeyVersions = keyHandler('keys/read/action', ({ request, service, store, name }) =>
  listPage(request, service, {
    read: (after, limit) => store.versionsAfter(name, after, limit),
    sortKey: ({ version }) => version,
    toItem: (version) => listItem(request, service, store.key(name)?.name ?? name, version, version.version),
  }),
);
