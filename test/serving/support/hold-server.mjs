// Starts a server as lightmem does, says where it is, and stays until it is killed.
import { ServerProcess } from '../../../dist/serving/server-process.js';

const words = JSON.parse(process.argv[2]);
const command = (port) => ({ words: [...words, '--port', String(port)], environment: {} });
const { client } = await ServerProcess.start(command, { seconds: 30 });
console.log(client.root);
setInterval(() => undefined, 1000);
