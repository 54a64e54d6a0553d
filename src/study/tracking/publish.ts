/** A study that lies in a folder, finished or not, told to trackers at one go. */
import { UserError, messageOf } from '../../core/errors.js';
import { readStudyRecord } from '../study-record.js';
import type { TrackConfig } from '../track-config.js';
import { Channel } from './channel.js';
import { openTrackers } from './open-trackers.js';
import { lockTracking, trackedStudy } from './tracked-study.js';

const ANSWER_MS = 60_000;
/** A study that ends leaves its lock within this time. */
const PATIENCE_MS = 15_000;

export interface Published {
  /** What people call the tracker. */
  readonly tracker: string;
  /** Runs that it has now as they are; those that have not begun are none of them. */
  readonly runs: number;
}

/**
 * Tells trackers every run that has begun, and of it what they do not have. Throws UserError where the folder holds no study, another
 * process is telling, or a tracker refuses: what was told until then is there, and another call goes on behind it.
 */
export async function publishStudy(
  folder: string,
  track: TrackConfig,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Published[]> {
  const { name } = readStudyRecord(folder); // else a folder that holds no study would be locked
  const trackers = await openTrackers(track, { study: name, answerMs: ANSWER_MS, env });
  const lock = await lockTracking(folder, { patienceMs: PATIENCE_MS });
  try {
    const { study, runs } = trackedStudy(folder);
    const published: Published[] = [];
    for (const tracker of trackers) {
      const channel = new Channel(tracker, study, runs, true);
      published.push({ tracker: tracker.label, runs: await tell(channel) });
    }
    return published;
  } finally {
    lock.release();
  }
}

async function tell(channel: Channel): Promise<number> {
  try {
    return await channel.tell(new AbortController().signal);
  } catch (error) {
    throw new UserError(`${channel.tracker.label}: ${messageOf(error)}`, { cause: error });
  }
}
