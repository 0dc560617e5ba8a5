// hsmkeep as most samples would be written: unbundled, every SDK that it uses imported at the start.
import '@azure/identity';
import '@azure/keyvault-keys';
import '@azure/keyvault-secrets';
import '@azure/storage-blob';
import 'jose';
import '../../../dist/clients/keyvault-admin/index.js';
import '../../../dist/main.js';
