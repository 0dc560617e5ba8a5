// Reads and hashes one backup as the deployed activity does. HSMKEEP_* are the app's own settings; prints the activity's result.
import { hashFolder } from '../../../dist/activities/hash-folder.js';
import { createClients } from '../../../dist/clients/clients.js';
import { loadSettings } from '../../../dist/config/settings.js';

const [folder = ''] = process.argv.slice(2);
const settings = loadSettings(process.env);
const hash = hashFolder.create(createClients(settings, 'backup'));
const outcome = await hash({ hsm: settings.config.hsms[0].name, run: 'bench', folder, from: 0, budgetMs: 600_000 });
console.log(JSON.stringify(outcome));
process.exit(0);
