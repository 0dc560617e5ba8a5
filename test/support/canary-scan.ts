import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BlobServiceClient, type RestError } from '@azure/storage-blob';
import type { AppStack } from './app-stack.ts';

/** A text that something of the app can be read from, by its name. */
export type Place = Readonly<{ name: string; text: string }>;

/**
 * Everything that the app keeps or says: the files of its host, every blob of its storage, its log, its answers. What the emulator keeps is
 * not among them: a vault has to know its secrets.
 *
 * @param said More that was said, such as the output of commands.
 */
export async function placesOf(stack: AppStack, said: readonly Place[] = []): Promise<Place[]> {
  return [
    ...filesOf(stack.hostData),
    ...(await blobsOf(stack)),
    { name: 'log', text: stack.hostLog() },
    ...(await answersOf(stack)),
    ...said,
  ];
}

/**
 * Looks for secret values, as they are and in the forms that programs write text in.
 *
 * @returns `place: first characters of the value` for each that was found; empty when none was.
 */
export function findCanaries(places: readonly Place[], canaries: Iterable<string>): string[] {
  const heads = new Map([...canaries].flatMap((canary) => formsOf(canary).map((form) => [form.slice(0, HEAD), { canary, form }] as const)));
  return places.flatMap(({ name, text }) => {
    const found = new Set<string>();
    for (let at = 0; at + HEAD <= text.length; at += 1) {
      const hit = heads.get(text.slice(at, at + HEAD));
      if (hit && text.startsWith(hit.form, at)) found.add(`${name}: ${hit.canary.slice(0, 6)}… in ${text.slice(Math.max(0, at - 60), at)}`);
    }
    return [...found];
  });
}

/** So many characters of a value are looked for first; enough that nothing else begins so. */
const HEAD = 12;

function formsOf(canary: string): string[] {
  const bytes = Buffer.from(canary);
  // Base64 of a longer text that the value is a part of: three ways, by where in it the value begins.
  const shifted = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .slice(shift === 0 ? 0 : 4, -4),
  );
  const forms = [canary, JSON.stringify(canary).slice(1, -1), encodeURIComponent(canary), bytes.toString('hex'), ...shifted];
  return [...new Set(forms)].filter((form) => form.length >= HEAD);
}

function filesOf(folder: string): Place[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => ({ name: `host file ${name}`, text: readFileSync(join(parentPath, name), 'latin1') }));
}

async function blobsOf({ azurite }: AppStack): Promise<Place[]> {
  const service = BlobServiceClient.fromConnectionString(azurite.connectionString);
  const places: Place[] = [];
  for await (const { name } of service.listContainers()) {
    const container = service.getContainerClient(name);
    for await (const blob of container.listBlobsFlat()) {
      const bytes = await container.getBlobClient(blob.name).downloadToBuffer().catch(unlessGone);
      if (bytes) places.push({ name: `blob ${name}/${blob.name}`, text: bytes.toString('latin1') });
    }
  }
  return places;
}

/** The app goes on: a lock that was listed may have been given back by now. */
function unlessGone(error: unknown): undefined {
  if ((error as Partial<RestError>).statusCode !== 404) throw error;
}

async function answersOf(stack: AppStack): Promise<Place[]> {
  const listed = await stack.api('/secrets');
  const secrets: string[] = (listed.body?.value ?? []).map(({ vault, name }: Record<string, string>) => `/secrets/${vault}/${name}`);
  const paths = ['/runs?kind=rotation&top=1000', ...secrets.slice(0, 20)];
  const answers = await Promise.all(paths.map(async (path) => ({ name: `GET ${path}`, text: (await stack.api(path)).text })));
  return [{ name: 'GET /secrets', text: listed.text }, ...answers];
}
