import { expect, test } from "vitest";
import { programTimeZone } from "../../../packages/tools/src/program/time-zone.ts";

test.each([
  ["the one asked for", { TZ: "Europe/Berlin", LANG: "ko_KR.UTF-8" }, "Asia/Tokyo", "Europe/Berlin"],
  ["the system's, when the one asked for is none", { TZ: "Nowhere/Land" }, "Asia/Tokyo", "Asia/Tokyo"],
  ["the system's", { LANG: "ko_KR.UTF-8" }, "America/New_York", "America/New_York"],
  ["Korea's for Korean users of a machine without one", { LANG: "ko_KR.UTF-8" }, "UTC", "Asia/Seoul"],
  ["UTC for others there", { LANG: "en_US.UTF-8" }, "UTC", "UTC"],
])("the zone of programs is %s", (_which, environment, system, zone) => {
  expect(programTimeZone(environment, system)).toBe(zone);
});
