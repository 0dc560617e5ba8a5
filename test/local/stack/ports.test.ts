import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ifFree, rememberedPorts, rememberPorts, requireFree } from '../../../src/local/stack/ports.ts';
import { emptyFolder } from './support.ts';

async function takePort(): Promise<{ port: number; free(): Promise<unknown> }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, free: () => once(server.close(), 'close') };
}

describe('ports', () => {
  test('a port in use is refused with the option that chooses another', async () => {
    const { port, free } = await takePort();
    const refusal = await requireFree(port).catch((error) => error);
    expect(refusal.message).toBe(`Port ${port} is in use by another program.`);
    expect(refusal.hint).toContain('--port');

    await free();
    await expect(requireFree(port)).resolves.toBeUndefined();
  });

  test('a remembered port is taken again only when it is free', async () => {
    const { port, free } = await takePort();
    expect(await ifFree(port)).toBe(0);
    await free();
    expect(await ifFree(port)).toBe(port);
    expect(await ifFree(undefined)).toBe(0);
  });

  test('ports are remembered in a file; one that cannot be read is as none', () => {
    const file = join(emptyFolder(), 'ports.json');
    expect(rememberedPorts(file)).toEqual({});
    rememberPorts(file, { blob: 10_000 });
    expect(rememberedPorts(file)).toEqual({ blob: 10_000 });
    writeFileSync(file, 'null');
    expect(rememberedPorts(file)).toEqual({});
  });
});
