import { createRequire } from 'node:module';

/**
 * Tables that queries ask, with their columns.
 * @see https://learn.microsoft.com/azure/azure-monitor/reference/tables/apptraces (and so on, by the name in small letters)
 * @see https://learn.microsoft.com/azure/azure-monitor/app/data-model-complete (`traces`: the same, asked from Application Insights itself)
 */
const TABLES = {
  AppTraces:
    'TimeGenerated: datetime, Message: string, SeverityLevel: int, OperationId: string, OperationName: string, ParentId: string, ' +
    'Properties: dynamic, Measurements: dynamic, ItemCount: int, AppRoleName: string, AppRoleInstance: string, AppVersion: string, ' +
    'SDKVersion: string, SessionId: string, UserId: string, ClientIP: string, _ResourceId: string, _SubscriptionId: string, ' +
    'TenantId: string, Type: string',
  AZKVAuditLogs:
    'TimeGenerated: datetime, OperationName: string, ResultType: string, ResultSignature: string, ResultDescription: string, ' +
    'HttpStatusCode: int, DurationMs: int, CallerIpAddress: string, ClientInfo: string, CorrelationId: string, Identity: dynamic, ' +
    'Id: string, RequestUri: string, Properties: dynamic, HsmPoolResourceId: string, AppliedAssignmentId: string, ' +
    'IsRbacAuthorized: bool, IsAddressAuthorized: bool, TrustedService: string, Tlsversion: string, _ResourceId: string, ' +
    '_SubscriptionId: string, TenantId: string, Type: string',
  StorageBlobLogs:
    'TimeGenerated: datetime, OperationName: string, ObjectKey: string, Uri: string, StatusCode: string, StatusText: string, ' +
    'AccountName: string, AuthenticationType: string, CallerIpAddress: string, Category: string, CorrelationId: string, ' +
    'ClientRequestId: string, DurationMs: real, ServerLatencyMs: real, Etag: string, Protocol: string, RequesterObjectId: string, ' +
    'RequesterAppId: string, RequestBodySize: long, ResponseBodySize: long, UserAgentHeader: string, _ResourceId: string, ' +
    '_SubscriptionId: string, TenantId: string, Type: string',
  traces:
    'timestamp: datetime, message: string, severityLevel: int, customDimensions: dynamic, customMeasurements: dynamic, ' +
    'operation_Id: string, operation_Name: string, cloud_RoleName: string, cloud_RoleInstance: string, itemCount: int',
};

/** What of the language service is used; its own declarations are a megabyte, and global. */
type List<T> = Readonly<{ Count: number; getItem(index: number): T }>;
type Globals = Readonly<{ WithDatabase(database: unknown): Globals }>;
type Code = Readonly<{
  GetDiagnostics(): List<Readonly<{ Severity: string; Code: string; Message: string; Start: number }>>;
  ResultType: Readonly<{ Columns?: List<Readonly<{ Name: string }>> }> | null;
}>;
type Service = Readonly<{
  Symbols: Readonly<{
    TableSymbol: Readonly<{ From(schema: string): Readonly<{ WithName(name: string): unknown }> }>;
    DatabaseSymbol: Readonly<{ ctor: new (name: string, members: readonly unknown[]) => unknown }>;
  }>;
  GlobalState: Readonly<{ Default: Globals }>;
  KustoCode: Readonly<{ ParseAndAnalyze(text: string, globals: Globals): Code }>;
}>;

/** `complaints`: all that the parser and the binder have to say; `columns`: of what the query returns. */
export type Understood = Readonly<{ complaints: readonly string[]; columns: readonly string[] }>;

let loaded: Readonly<{ service: Service; globals: Globals }> | undefined;
function load() {
  const require = createRequire(import.meta.url);
  // Translated from C#, for pages: the run-time first, each leaves its names in the global object.
  require('@kusto/language-service-next/bridge.min.js');
  require('@kusto/language-service-next/Kusto.Language.Bridge.min.js');
  const service = (globalThis as unknown as { Kusto: { Language: Service } }).Kusto.Language;
  const { TableSymbol, DatabaseSymbol } = service.Symbols;
  const tables = Object.entries(TABLES).map(([name, columns]) => TableSymbol.From(`(${columns})`).WithName(name));
  return { service, globals: service.GlobalState.Default.WithDatabase(new DatabaseSymbol.ctor('logs', tables)) };
}

/** Reads a query as the service would, against the tables above. */
export function understand(query: string): Understood {
  loaded ??= load();
  const code = loaded.service.KustoCode.ParseAndAnalyze(query, loaded.globals);
  const complaints = items(code.GetDiagnostics()).map(
    ({ Severity, Code, Message, Start }) => `${Severity} ${Code} in line ${query.slice(0, Start).split('\n').length}: ${Message}`,
  );
  return { complaints, columns: items(code.ResultType?.Columns).map(({ Name }) => Name) };
}

const items = <T>(list: List<T> | undefined): T[] => Array.from({ length: list?.Count ?? 0 }, (_, index) => list?.getItem(index) as T);
