/** Where the durable client API can be reached, and with which key. */
export type ClientAddress = Readonly<{
  /** `http://localhost:<port>`, the public side. */
  publicOrigin: string;
  /** The side without keys; ends in a slash. */
  rpcBaseUrl: string;
  hubName: string;
  /** The system key of the public side. */
  code: string;
}>;

/** Stands for an instance id in the addresses; the client puts the real one there. */
const PLACEHOLDER = 'INSTANCEID';

/** The addresses at which one instance is looked at and managed, each ready to call. */
export type InstanceLinks = Readonly<Record<'id' | 'statusQueryGetUri' | 'sendEventPostUri' | 'terminatePostUri', string>> &
  Readonly<Record<string, string>>;

/** JSON text of the durable client binding, from which `durable-functions` makes its client. */
export function clientBinding(address: ClientAddress): string {
  const base = webhookBase(address);
  const create = `${base}/orchestrators/{functionName}[/{instanceId}]`;
  const code = `code=${address.code}`;
  return JSON.stringify({
    taskHubName: address.hubName,
    creationUrls: {
      createNewInstancePostUri: `${create}?${code}`,
      createAndWaitOnNewInstancePostUri: `${create}?timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}&${code}`,
    },
    managementUrls: { ...instanceLinks(address, PLACEHOLDER), rewindPostUri: rewindLink(address) },
    baseUrl: base,
    requiredQueryStringParameters: code,
    rpcBaseUrl: address.rpcBaseUrl,
  });
}

/** What a start answers: the addresses of the new instance. Rewind is not among them, this host has none. */
export function instanceLinks(address: ClientAddress, instanceId: string): InstanceLinks {
  const instance = `${webhookBase(address)}/instances/${instanceId}`;
  const query = requiredQuery(address);
  return {
    id: instanceId,
    statusQueryGetUri: `${instance}?${query}`,
    sendEventPostUri: `${instance}/raiseEvent/{eventName}?${query}`,
    terminatePostUri: `${instance}/terminate?reason={text}&${query}`,
    suspendPostUri: `${instance}/suspend?reason={text}&${query}`,
    resumePostUri: `${instance}/resume?reason={text}&${query}`,
    purgeHistoryDeleteUri: `${instance}?${query}`,
    restartPostUri: `${instance}/restart?${query}`,
  };
}

/** The client reads this address whenever it is called; the API then answers that there is no rewind. */
function rewindLink(address: ClientAddress): string {
  return `${webhookBase(address)}/instances/${PLACEHOLDER}/rewind?reason={text}&${requiredQuery(address)}`;
}

function webhookBase({ publicOrigin }: ClientAddress): string {
  return `${publicOrigin}/runtime/webhooks/durabletask`;
}

function requiredQuery({ hubName, code }: ClientAddress): string {
  return `taskHub=${hubName}&connection=Storage&code=${code}`;
}
