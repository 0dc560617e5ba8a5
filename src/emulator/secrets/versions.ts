import { z } from 'zod';
import { badParameter, given, parseBody, requestedAttributes, requestedTags } from '../objects/body.ts';
import { newVersionId, unixSeconds } from '../objects/identifiers.ts';
import { listPage } from '../objects/paging.ts';
import { ServiceError } from '../service.ts';
import { bundle, bundleWithValue, listItem } from './bundle.ts';
import { nameHeld, notPfx, secretDisabled, secretNotFound, secretTooLarge } from './errors.ts';
import { announceExpiries, eventOf } from './expiry.ts';
import { type SecretCall, secretHandler } from './session.ts';
import { ANNOUNCED, type StoredVersion } from './store.ts';

const MAX_VALUE_LENGTH = 25_600;

const changes = {
  contentType: given(z.string().max(255)),
  attributes: given(requestedAttributes),
  tags: given(requestedTags),
};
const updateBody = z.object(changes);
const setBody = z.object({ value: z.string(), ...changes });

/** `PUT /secrets/{name}`: every call makes a new version, whatever it holds. */
export const setSecret = secretHandler(({ request, service, store, name }) => {
  const { value, contentType, attributes, tags } = parseBody(setBody, request.body);
  if (value.length > MAX_VALUE_LENGTH) throw secretTooLarge();

  const secret = store.ensureSecret(name);
  const held = nameHeld(secret);
  if (held) throw held;

  const now = unixSeconds(service.clock.now());
  const version: StoredVersion = {
    name: secret.name,
    version: newVersionId(),
    value,
    contentType,
    enabled: attributes?.enabled ?? true,
    nbf: attributes?.nbf,
    exp: attributes?.exp,
    created: now,
    updated: now,
    tags,
    announced: ANNOUNCED.nothing,
  };
  store.addVersion(version);

  service.emit(eventOf('SecretNewVersionCreated', version, request.origin));
  announceExpiries(service, request.origin);
  return { status: 200, body: bundleWithValue(request, service, version) };
});

/** `GET /secrets/{name}[/{version}]`. `nbf` and `exp` are information: an expired secret is read like any other. */
export const getSecret = secretHandler((call) => {
  const version = liveVersion(call);
  if (!version.enabled) throw secretDisabled();

  const outContentType = call.request.query.get('outcontenttype');
  if (outContentType !== undefined) throw notPfx(outContentType);
  return { status: 200, body: bundleWithValue(call.request, call.service, version) };
});

/** `PATCH /secrets/{name}[/{version}]`: merges attributes; tags, when given, replace all tags. The value stays. */
export const updateSecret = secretHandler((call) => {
  const { request, service, store } = call;
  const { contentType, attributes, tags } = parseBody(updateBody, request.body);
  const version = liveVersion(call);

  const updated: StoredVersion = {
    ...version,
    contentType: contentType ?? version.contentType,
    enabled: attributes?.enabled ?? version.enabled,
    nbf: attributes?.nbf ?? version.nbf,
    exp: attributes?.exp ?? version.exp,
    tags: tags ?? version.tags,
    updated: unixSeconds(service.clock.now()),
  };
  store.saveVersion(updated);
  announceExpiries(service, request.origin);
  return { status: 200, body: bundle(request, service, updated) };
});

/** `GET /secrets`: live secrets by name, without values. */
export const listSecrets = secretHandler(({ request, service, store }) =>
  listPage(request, service, {
    read: (after, limit) => store.newestAfter('live', after, limit),
    sortKey: ({ secret }) => secret.name,
    toItem: ({ version }) => listItem(request, service, version),
  }),
);

/** `GET /secrets/{name}/versions`: by version identifier. An unknown name has no versions; that is no error. */
export const listSecretVersions = secretHandler(({ request, service, store, name }) =>
  listPage(request, service, {
    read: (after, limit) => store.versionsAfter(name, after, limit),
    sortKey: ({ version }) => version,
    toItem: (version) => bundle(request, service, version),
  }),
);

/** `PUT /secrets/` */
export const setWithoutName = secretHandler(() => {
  throw new ServiceError(405, 'MethodNotAllowed', 'HTTP PUT not allowed');
});

/**
 * The version that the path names, or the newest.
 *
 * @throws {ServiceError} 404 SecretNotFound, also while the secret is deleted or on its way in or out of deletion.
 */
function liveVersion({ store, name, params }: SecretCall): StoredVersion {
  const wanted = params['version'];
  if (wanted !== undefined && !/^[0-9a-zA-Z]{1,64}$/.test(wanted))
    throw badParameter(`The request URI contains an invalid version: ${wanted}`);

  const live = store.secret(name)?.state === 'live';
  const version = live ? store.version(name, wanted?.toLowerCase()) : undefined;
  if (!version) throw secretNotFound(wanted === undefined ? name : `${name}/${wanted}`);
  return version;
}
