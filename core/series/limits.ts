/** Limits of what a series may say of itself. Lengths are in UTF-16 units. */

/** Metric, device, and tag names: an MQTT topic level or an identifier, not prose. */
export const NAME_LENGTH_MAX = 128;

export const TAG_VALUE_LENGTH_MAX = 256;

export const UNIT_LENGTH_MAX = 32;

/** Tags of a series, `device` among them: more are data, not labels. */
export const SERIES_TAGS_MAX = 32;

/** A year: a series that is read less often has no rhythm to be measured by. */
export const INTERVAL_MS_MAX = 366 * 86_400_000;

/** Panes are short spans; a day is the longest. */
export const PANE_MS_MAX = 86_400_000;
