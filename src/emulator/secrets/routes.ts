import type { Route } from '../service.ts';

export const secretRoutes: readonly Route[] = [];
