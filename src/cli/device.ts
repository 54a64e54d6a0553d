/** The option `--device` of every command that runs the engine. */
import { Option, type Command } from 'commander';
import type { Device } from '../core/settings.js';
import { chooseDevice, DEVICE_CHOICES, parseDevice } from '../engine/devices.js';
import { visibleText } from '../text/visible.js';

/** Adds the option; `otherwise` says in the help what holds without it. */
export function addDeviceOption(command: Command, otherwise = 'cpu'): Command {
  return command.addOption(
    new Option('--device <name>', `what computes: ${DEVICE_CHOICES.join(', ')}; default: ${otherwise}`),
  );
}

/** The device to use, tried where it was asked for; `auto` says on standard error what it chose and why. Throws UserError. */
export async function deviceFor(name = 'cpu'): Promise<Device> {
  const choice = parseDevice(name);
  const { device, reason } = await chooseDevice(choice);
  if (choice === 'auto') process.stderr.write(`device: ${device} (${visibleText(reason)})\n`);
  return device;
}
