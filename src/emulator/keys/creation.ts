import { z } from 'zod';
import { given, parseBody, requestedAttributes, requestedTags } from '../objects/body.ts';
import { newVersionId } from '../objects/identifiers.ts';
import type { ServiceAnswer } from '../service.ts';
import { bundle } from './bundle.ts';
import { keyNameHeld } from './errors.ts';
import { importedMaterial, jsonWebKey } from './import.ts';
import { CURVES, generateMaterial, type MaterialSpec, OCT_SIZES, RSA_SIZES } from './material.ts';
import { KEY_OPERATIONS, type KeyMaterial, type KeyOperation, type KeyVersion } from './record.ts';
import { type KeyCall, keyHandler, liveVersion } from './session.ts';

export const keyOperations = z.array(z.enum(KEY_OPERATIONS));

const keyAttributes = requestedAttributes.extend({ exportable: given(z.boolean()) });

const described = { key_ops: given(keyOperations), attributes: given(keyAttributes), tags: given(requestedTags) };

/** An HSM holds every key in hardware, so `RSA` and `RSA-HSM` ask for the same. */
const createBody = z.discriminatedUnion('kty', [
  z.object({
    kty: z.enum(['RSA', 'RSA-HSM']),
    key_size: given(z.union(RSA_SIZES.map((size) => z.literal(size)))),
    public_exponent: given(z.union([z.literal(3), z.literal(65_537)])),
    ...described,
  }),
  z.object({ kty: z.enum(['EC', 'EC-HSM']), crv: given(z.enum(CURVES)), ...described }),
  z.object({ kty: z.enum(['oct', 'oct-HSM']), key_size: given(z.union(OCT_SIZES.map((size) => z.literal(size)))), ...described }),
]);

const importBody = z.object({ key: jsonWebKey, attributes: given(keyAttributes), tags: given(requestedTags) });

const DEFAULT_OPERATIONS = {
  RSA: ['wrapKey', 'decrypt', 'encrypt', 'unwrapKey', 'sign', 'verify'],
  EC: ['sign', 'verify'],
  oct: ['wrapKey', 'decrypt', 'encrypt', 'unwrapKey'],
} as const satisfies Record<KeyMaterial['kty'], readonly KeyOperation[]>;

type Description = Readonly<{
  key_ops?: readonly KeyOperation[] | undefined;
  attributes?: z.infer<typeof keyAttributes> | undefined;
  tags?: Readonly<Record<string, string>> | undefined;
}>;

/** `POST /keys/{name}/create`: a new key, or a new version of one. */
export const createKey = keyHandler('keys/create', async (call) => {
  const body = parseBody(createBody, call.request.body);
  refuseHeldName(call);
  return addVersion(call, await generateMaterial(specOf(body)), body);
});

/** `PUT /keys/{name}`: a key made elsewhere, as a JWK with its private part. */
export const importKey = keyHandler('keys/import/action', (call) => {
  const { key, attributes, tags } = parseBody(importBody, call.request.body);
  return addVersion(call, importedMaterial(key), { key_ops: key.key_ops, attributes, tags });
});

/** `POST /keys/{name}/rotate`: a new version of the newest version's kind; it does not inherit an expiry. */
export const rotateKey = keyHandler('keys/rotate/action', async (call) => {
  const { version } = liveVersion(call);
  const { enabled, exportable } = version.attributes;
  const material = await generateMaterial(specLike(version.material));
  return addVersion(call, material, {
    key_ops: version.keyOps,
    attributes: { enabled, exportable, nbf: undefined, exp: undefined },
    tags: version.tags,
  });
});

function addVersion(call: KeyCall, material: KeyMaterial, { key_ops, attributes, tags }: Description): ServiceAnswer {
  const { request, service, store, now } = call;
  const version: KeyVersion = {
    version: newVersionId(),
    material,
    keyOps: key_ops ?? DEFAULT_OPERATIONS[material.kty],
    attributes: {
      enabled: attributes?.enabled ?? true,
      exportable: attributes?.exportable ?? false,
      nbf: attributes?.nbf,
      exp: attributes?.exp,
      created: now,
      updated: now,
    },
    tags,
  };

  // Asked again: while the material was generated, another request may have deleted the key.
  refuseHeldName(call);
  const name = store.atomically(() => {
    const key = store.ensureKey(call.name);
    store.addVersion(key.name, version);
    return key.name;
  });
  return { status: 200, body: bundle(request, service, name, version) };
}

function refuseHeldName({ store, name }: KeyCall): void {
  const key = store.key(name);
  if (key && key.deletedAt !== null) throw keyNameHeld(key.name);
}

function specOf(body: z.infer<typeof createBody>): MaterialSpec {
  switch (body.kty) {
    case 'RSA':
    case 'RSA-HSM':
      return { kty: 'RSA', sizeBits: body.key_size ?? 2048, publicExponent: body.public_exponent };
    case 'EC':
    case 'EC-HSM':
      return { kty: 'EC', crv: body.crv ?? 'P-256' };
    case 'oct':
    case 'oct-HSM':
      return { kty: 'oct', sizeBits: body.key_size ?? 256 };
  }
}

/** What generates material of the same kind and size. */
function specLike(material: KeyMaterial): MaterialSpec {
  const bits = (text: string) => Buffer.from(text, 'base64url').length * 8;
  switch (material.kty) {
    case 'RSA':
      return { kty: 'RSA', sizeBits: bits(material.n) as (typeof RSA_SIZES)[number] };
    case 'EC':
      return { kty: 'EC', crv: material.crv };
    case 'oct':
      return { kty: 'oct', sizeBits: bits(material.k) as (typeof OCT_SIZES)[number] };
  }
}
