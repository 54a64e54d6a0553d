/** Settings of trackers in a study file: where else runs are shown. */
import { z } from 'zod';
import { given, text } from '../core/setting-schemas.js';
import { mlflowAddressProblem } from '../trackers/mlflow/address.js';

const uri = z
  .string({ error: (raw) => `${given(raw)}: use the address of a server` })
  .superRefine((address, context) => {
    const message = mlflowAddressProblem(address);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  })
  .describe(
    'Where MLflow’s server is, such as `http://127.0.0.1:5000`; without it, MLFLOW_TRACKING_URI. Who asks comes from the environment alone.',
  );

/** Where runs are told to MLflow; what is absent comes from the environment. */
export interface MlflowConfig {
  readonly uri?: string;
  readonly experiment?: string;
}

const mlflow: z.ZodType<MlflowConfig, string | MlflowConfig> = z.union(
  [
    uri.transform((address): MlflowConfig => ({ uri: address })),
    z.strictObject({
      uri: uri.exactOptional(),
      experiment: text
        .max(500, { error: 'is too long: use at most 500 letters' })
        .describe('What runs stand under; without it, MLFLOW_EXPERIMENT_NAME, or the study’s name.')
        .exactOptional(),
    }),
  ],
  { error: (raw) => `${given(raw)}: give the address of a server, or uri and experiment` },
);

/** The setting `track`. */
export const track = z.strictObject({
  tensorboard: text
    .describe('A folder, under the one that one stands in: `tensorboard --logdir FOLDER` shows what is written there.')
    .exactOptional(),
  mlflow: mlflow.describe('A server of MLflow, or `{}` for the one that the environment names.').exactOptional(),
});

export type TrackConfig = z.output<typeof track>;
