import type { TestEmulator } from './emulator.ts';

/** An application of the emulated tenant, as its owner sees it. */
export function entraDirectory({ ready, send, token }: TestEmulator, name: string) {
  const app = ready.applications?.[name];
  if (!app) throw new Error(`There is no application ${name}.`);
  const url = `${ready.graphUrl}/v1.0/applications/${app.id}`;
  /** Signs in with a secret, as the application does. */
  const signIn = (secret: string) => {
    const form = { grant_type: 'client_credentials', client_id: app.clientId, client_secret: secret, scope: `${ready.graphUrl}/.default` };
    return send(`${ready.authorityUrl}/${ready.tenantId}/oauth2/v2.0/token`, {
      method: 'POST',
      token: null,
      body: new URLSearchParams(form).toString(),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
  };
  return {
    app,
    async passwords(): Promise<readonly Readonly<{ keyId: string; displayName: string | null; endDateTime: string }>[]> {
      const { body } = await send(url, { token: await token('https://graph.microsoft.com') });
      return body.passwordCredentials;
    },
    async addPassword(displayName: string): Promise<string> {
      const body = { passwordCredential: { displayName } };
      return (await send(`${url}/addPassword`, { method: 'POST', token: await token('https://graph.microsoft.com'), body })).body.keyId;
    },
    /** Whether the token endpoint takes a secret. */
    accepts: async (secret: string): Promise<boolean> => (await signIn(secret)).status === 200,
    token: async (secret: string): Promise<string> => (await signIn(secret)).body.access_token,
  };
}
