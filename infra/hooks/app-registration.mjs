// Makes, once, the app registration that people get tokens for, and keeps its roles as infra/app-roles.json says. A registration of your own:
// `azd env set HSMKEEP_AUTH_CLIENT_ID <client id>` and `azd env set HSMKEEP_OWN_REGISTRATION true`; then nothing is touched.
import { readFileSync } from 'node:fs';
import { ask, HookError, hook, run, withJsonFile } from './command.mjs';

const AZURE_CLI = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
/** Any id will do that is the same every time. */
const SCOPE = '7d0c2a58-5f0e-4f0b-9d3c-6f0f0a4bd0a1';

const scope = {
  id: SCOPE,
  value: 'user_impersonation',
  type: 'Admin',
  isEnabled: true,
  adminConsentDisplayName: 'Use hsmkeep',
  adminConsentDescription: 'Call hsmkeep as the signed-in person, with the roles that this person has.',
};

const appRoles = JSON.parse(readFileSync(new URL('../app-roles.json', import.meta.url), 'utf8'));

hook((env) => {
  if (env.HSMKEEP_OWN_REGISTRATION === 'true') {
    if (!env.HSMKEEP_AUTH_CLIENT_ID)
      throw new HookError('HSMKEEP_AUTH_CLIENT_ID is not set', 'Set it to the client id of your app registration, with `azd env set`.');
    return;
  }
  const name = `hsmkeep-${env.AZURE_ENV_NAME ?? 'local'}`;
  const clientId = env.HSMKEEP_AUTH_CLIENT_ID || find(name) || create(name);

  patch(`applications(appId='${clientId}')`, {
    identifierUris: [`api://${clientId}`],
    appRoles,
    api: { requestedAccessTokenVersion: 2, oauth2PermissionScopes: [scope] },
  });
  // Only now does the scope exist that the Azure CLI is allowed to ask for.
  patch(`applications(appId='${clientId}')`, {
    api: { preAuthorizedApplications: [{ appId: AZURE_CLI, delegatedPermissionIds: [SCOPE] }] },
  });

  const [principal] = ask('az', 'ad', 'sp', 'list', '--filter', `appId eq '${clientId}'`, '--output', 'json');
  if (!principal) run('az', 'ad', 'sp', 'create', '--id', clientId, '--output', 'none');
  // Who has no role gets no token.
  patch(`servicePrincipals(appId='${clientId}')`, { appRoleAssignmentRequired: true });

  run('azd', 'env', 'set', 'HSMKEEP_AUTH_CLIENT_ID', clientId);
  console.log(`hsmkeep: app registration ${name} is ${clientId}`);
});

function find(name) {
  const found = ask('az', 'ad', 'app', 'list', '--filter', `displayName eq '${name}'`, '--query', '[].appId', '--output', 'json');
  if (found.length > 1)
    throw new HookError(
      `there are ${found.length} app registrations named ${name}`,
      `Say which one is meant: azd env set HSMKEEP_AUTH_CLIENT_ID <client id>, out of ${found.join(', ')}.`,
    );
  return found[0];
}

function create(name) {
  return ask(
    'az',
    'ad',
    'app',
    'create',
    '--display-name',
    name,
    '--sign-in-audience',
    'AzureADMyOrg',
    '--query',
    'appId',
    '--output',
    'json',
  );
}

function patch(path, body) {
  withJsonFile(body, (file) =>
    run('az', 'rest', '--method', 'PATCH', '--url', `https://graph.microsoft.com/v1.0/${path}`, '--body', `@${file}`, '--output', 'none'),
  );
}
