/** Where an MLflow server is, and who asks: from the settings and the variables that MLflow's own clients read. */
import { UserError } from '../../core/errors.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** What is wrong with an address; undefined where nothing is. What was given is not repeated where it may hold a password. */
export function mlflowAddressProblem(address: string): string | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url !== undefined && (url.username !== '' || url.password !== ''))
    return 'holds a user or a password: they belong into MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD';
  if (url !== undefined && (url.search !== '' || url.hash !== ''))
    return 'has more than a host, a port and a path: leave the rest out';
  if (url === undefined || !/^https?:$/.test(url.protocol))
    return `invalid ${JSON.stringify(address)}: use the address of a server, such as http://127.0.0.1:5000; for files or a database, start \`mlflow server\` on them`;
  return undefined;
}

/** The server's address: as given, or of MLFLOW_TRACKING_URI, with one slash at its end. Throws UserError where there is none or it cannot be one. */
export function mlflowAddress(given: string | undefined, env: Environment): URL {
  const address = given ?? named(env, 'MLFLOW_TRACKING_URI');
  if (address === undefined)
    throw new UserError('no address of an MLflow server: set MLFLOW_TRACKING_URI, or give it: http://127.0.0.1:5000');
  const problem = mlflowAddressProblem(address);
  if (problem !== undefined)
    throw new UserError(`${given === undefined ? 'MLFLOW_TRACKING_URI' : 'mlflow'} ${problem}`);
  return new URL(address.replace(/\/*$/, '/'));
}

/** Name of the experiment: as given, or of MLFLOW_EXPERIMENT_NAME, or that of the study. */
export function mlflowExperiment(given: string | undefined, study: string, env: Environment): string {
  return given ?? named(env, 'MLFLOW_EXPERIMENT_NAME') ?? study;
}

/** Variables of the environment that hold what a server may ask for. */
const CREDENTIALS = ['MLFLOW_TRACKING_TOKEN', 'MLFLOW_TRACKING_USERNAME', 'MLFLOW_TRACKING_PASSWORD'] as const;

/** The header that says who asks, user and password before a token as in MLflow's clients, and what of it is secret; null where nothing is set. */
export function mlflowAuthorization(
  env: Environment,
): { readonly header: string; readonly secrets: readonly string[] } | null {
  const [token, user, password] = CREDENTIALS.map((name) => named(env, name));
  if (user !== undefined && password !== undefined) {
    const both = Buffer.from(`${user}:${password}`).toString('base64');
    return { header: `Basic ${both}`, secrets: [both, password] };
  }
  return token === undefined ? null : { header: `Bearer ${token}`, secrets: [token] };
}

function named(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}
