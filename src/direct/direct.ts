// Restores without the app: the command line's only way around the API.
export { directClients } from './direct-clients.ts';
export { executeDirect } from './execute-direct.ts';
export { findHome } from './home.ts';
export { findDirectPlan, planDirect } from './plan-direct.ts';
