-- Twenty gyms in the table shapes of the original (docs/migrate.md), with everything that an import must keep:
-- per gym 40 members, 3 places, 4 types, 30 sessions of which 10 are to come, and what hangs on them.
-- Passwords are all "OldPassword1".
CREATE TYPE "MemberRole" AS ENUM ('OWNER', 'ADMIN', 'TRAINER', 'STAFF', 'MEMBER');

CREATE TABLE "MOV_TENANT" ("TEN_ID" text PRIMARY KEY, "TEN_NAME" text NOT NULL, "TEN_CODE" text,
  "TEN_CREATED_AT" timestamp(3) NOT NULL, "TEN_UPDATED_AT" timestamp(3) NOT NULL);
CREATE TABLE "MOV_MEMBER" ("MEM_ID" text PRIMARY KEY, "MEM_TENANT_ID" text NOT NULL, "MEM_EMAIL" text NOT NULL,
  "MEM_PASSWORD_HASH" text, "MEM_NAME" text, "MEM_GOOGLE_ID" text, "MEM_AVATAR_URL" text, "MEM_ROLE" "MemberRole" NOT NULL,
  "MEM_CREATED_AT" timestamp(3) NOT NULL, "MEM_UPDATED_AT" timestamp(3) NOT NULL, "MEM_PHONE_NUMBER" text,
  "MEM_DATE_OF_BIRTH" text, "MEM_GENDER" text, "MEM_PROFILE_PHOTO" text, "MEM_TRAINER_CODE" text, "MEM_TRAINER_TYPE" text,
  "MEM_OWNER_PROFILE" jsonb, "MEM_TRAINER_PROFILE" jsonb, "MEM_CLIENT_PROFILE" jsonb, "MEM_STAFF_PROFILE" jsonb,
  "MEM_REFRESH_TOKEN" text, "MEM_PROFILE_COMPLETED" boolean NOT NULL DEFAULT false, "MEM_ONBOARDING_STEP" integer);
CREATE TABLE "MOV_LOCATION" ("LOC_ID" text PRIMARY KEY, "LOC_TENANT_ID" text NOT NULL, "LOC_NAME" text NOT NULL,
  "LOC_CITY" text, "LOC_LATITUDE" double precision, "LOC_LONGITUDE" double precision, "LOC_CAPACITY" integer,
  "LOC_TYPE" text NOT NULL, "LOC_TIMEZONE" text NOT NULL, "LOC_REQUIRES_WEATHER" boolean NOT NULL DEFAULT false,
  "LOC_AMENITIES" text, "LOC_IS_ACTIVE" boolean NOT NULL DEFAULT true,
  "LOC_CREATED_AT" timestamp(3) NOT NULL, "LOC_UPDATED_AT" timestamp(3) NOT NULL);
CREATE TABLE "MOV_SESSION_TYPE" ("STY_ID" text PRIMARY KEY, "STY_TENANT_ID" text NOT NULL, "STY_NAME" text NOT NULL,
  "STY_DESCRIPTION" text, "STY_DURATION_MIN" integer NOT NULL, "STY_CATEGORY" text NOT NULL, "STY_MAX_CAPACITY" integer,
  "STY_DIFFICULTY" text NOT NULL, "STY_IS_OUTDOOR" boolean NOT NULL DEFAULT false, "STY_TEMP_MIN" double precision,
  "STY_IS_ACTIVE" boolean NOT NULL DEFAULT true, "STY_CREATED_AT" timestamp(3) NOT NULL, "STY_UPDATED_AT" timestamp(3) NOT NULL);
CREATE TABLE "MOV_SESSION_INSTANCE" ("SIN_ID" text PRIMARY KEY, "SIN_TENANT_ID" text NOT NULL,
  "SIN_SESSION_TYPE_ID" text NOT NULL, "SIN_LOCATION_ID" text NOT NULL, "SIN_START_TIME" timestamp(3) NOT NULL,
  "SIN_END_TIME" timestamp(3) NOT NULL, "SIN_CAPACITY" integer, "SIN_STATUS" text NOT NULL, "SIN_INSTRUCTOR" text,
  "SIN_NOTES" text, "SIN_WEATHER_CHECKED" boolean NOT NULL DEFAULT false, "SIN_WEATHER_SAFE" boolean, "SIN_WEATHER_DATA" jsonb,
  "SIN_CREATED_AT" timestamp(3) NOT NULL, "SIN_UPDATED_AT" timestamp(3) NOT NULL);
CREATE TABLE "MOV_BOOKING" ("BOK_ID" text PRIMARY KEY, "BOK_TENANT_ID" text NOT NULL, "BOK_MEMBER_ID" text NOT NULL,
  "BOK_SESSION_INSTANCE_ID" text NOT NULL, "BOK_STATUS" text NOT NULL, "BOK_BOOKED_AT" timestamp(3) NOT NULL,
  "BOK_ATTENDED_AT" timestamp(3), "BOK_CANCELLED_AT" timestamp(3), "BOK_NOTES" text,
  "BOK_CREATED_AT" timestamp(3) NOT NULL, "BOK_UPDATED_AT" timestamp(3) NOT NULL);
CREATE TABLE "PLP_MOVEMENT_EVENT" ("MVE_ID" text PRIMARY KEY, "MVE_TENANT_ID" text NOT NULL, "MVE_MEMBER_ID" text NOT NULL,
  "MVE_SESSION_INSTANCE_ID" text, "MVE_TYPE" text NOT NULL, "MVE_METADATA" jsonb, "MVE_CREATED_AT" timestamp(3) NOT NULL);
CREATE TABLE "MOV_WAITLIST" ("WAI_ID" text PRIMARY KEY, "WAI_TENANT_ID" text NOT NULL, "WAI_MEMBER_ID" text NOT NULL,
  "WAI_SESSION_INSTANCE_ID" text NOT NULL, "WAI_POSITION" integer NOT NULL, "WAI_CREATED_AT" timestamp(3) NOT NULL,
  "WAI_UPDATED_AT" timestamp(3) NOT NULL);
CREATE TABLE "MOV_FAVORITE" ("FAV_ID" text PRIMARY KEY, "FAV_TENANT_ID" text NOT NULL, "FAV_MEMBER_ID" text NOT NULL,
  "FAV_SESSION_TYPE_ID" text NOT NULL, "FAV_CREATED_AT" timestamp(3) NOT NULL);
CREATE TABLE "MOV_INVITATION" ("INV_ID" text PRIMARY KEY, "INV_TENANT_ID" text NOT NULL, "INV_SENDER_ID" text NOT NULL,
  "INV_EMAIL" text NOT NULL, "INV_NAME" text, "INV_ROLE" "MemberRole" NOT NULL, "INV_STATUS" text NOT NULL, "INV_MESSAGE" text,
  "INV_CODE" text NOT NULL, "INV_EXPIRES_AT" timestamp(3) NOT NULL, "INV_ACCEPTED_AT" timestamp(3),
  "INV_CREATED_AT" timestamp(3) NOT NULL, "INV_UPDATED_AT" timestamp(3) NOT NULL);
CREATE TABLE "PAY_MEMBERSHIP_PLAN" ("MBP_ID" text PRIMARY KEY, "MBP_TENANT_ID" text NOT NULL, "MBP_NAME" text NOT NULL,
  "MBP_DESCRIPTION" text, "MBP_PRICE" double precision NOT NULL, "MBP_CURRENCY" text NOT NULL, "MBP_BILLING_CYCLE" text NOT NULL,
  "MBP_FEATURES" jsonb, "MBP_SESSIONS_PER_MONTH" integer, "MBP_ACCESS_LEVEL" text NOT NULL,
  "MBP_IS_ACTIVE" boolean NOT NULL DEFAULT true, "MBP_CREATED_AT" timestamp(3) NOT NULL, "MBP_UPDATED_AT" timestamp(3) NOT NULL);
CREATE TABLE "PAY_MEMBERSHIP_SUBSCRIPTION" ("MBS_ID" text PRIMARY KEY, "MBS_TENANT_ID" text NOT NULL, "MBS_MEMBER_ID" text NOT NULL,
  "MBS_PLAN_ID" text NOT NULL, "MBS_STATUS" text NOT NULL, "MBS_START_DATE" timestamp(3) NOT NULL, "MBS_END_DATE" timestamp(3) NOT NULL,
  "MBS_NEXT_BILLING" timestamp(3) NOT NULL, "MBS_AUTO_RENEW" boolean NOT NULL DEFAULT true, "MBS_CANCELLED_AT" timestamp(3),
  "MBS_CANCELLATION_REASON" text, "MBS_CREATED_AT" timestamp(3) NOT NULL, "MBS_UPDATED_AT" timestamp(3) NOT NULL);
CREATE TABLE "PAY_PAYMENT_REQUEST" ("PAY_ID" text PRIMARY KEY, "PAY_TENANT_ID" text NOT NULL, "PAY_FROM_MEMBER_ID" text,
  "PAY_TO_MEMBER_ID" text NOT NULL, "PAY_AMOUNT" double precision NOT NULL, "PAY_CURRENCY" text NOT NULL, "PAY_TYPE" text NOT NULL,
  "PAY_STATUS" text NOT NULL, "PAY_CREATED_AT" timestamp(3) NOT NULL, "PAY_UPDATED_AT" timestamp(3) NOT NULL);
CREATE TABLE "PAY_MPESA_TRANSACTION" ("MPE_ID" text PRIMARY KEY, "MPE_TENANT_ID" text NOT NULL);
INSERT INTO "PAY_MPESA_TRANSACTION" VALUES ('mpesa-1', 'cgym000000000000000000001');

-- An id that no request could name.
INSERT INTO "MOV_TENANT" VALUES ('Gym 21', 'Old Gym 21', 'GYM0021', '2024-03-01', '2024-03-01');
INSERT INTO "MOV_TENANT"
  SELECT 'cgym' || lpad(g::text, 21, '0'), 'Old Gym ' || g, 'GYM' || lpad(g::text, 4, '0'),
    timestamp '2024-01-01' + g * interval '1 day', timestamp '2024-06-01'
  FROM generate_series(1, 20) g;

-- Member 1 owns the gym, 2 and 3 train, the rest come. Somebody is a member of every gym.
INSERT INTO "MOV_MEMBER" ("MEM_ID", "MEM_TENANT_ID", "MEM_EMAIL", "MEM_PASSWORD_HASH", "MEM_NAME", "MEM_ROLE", "MEM_CREATED_AT",
    "MEM_UPDATED_AT", "MEM_PHONE_NUMBER", "MEM_TRAINER_CODE", "MEM_OWNER_PROFILE", "MEM_REFRESH_TOKEN", "MEM_PROFILE_COMPLETED",
    "MEM_ONBOARDING_STEP")
  SELECT 'mem-' || g || '-' || m, 'cgym' || lpad(g::text, 21, '0'),
    CASE WHEN m = 40 THEN 'Everywhere@example.com' ELSE 'm' || m || '.g' || g || '@example.com' END,
    '$2b$12$abcdefghijklmnopqrstuuZN/FR4Fwb16x5DCBbf7euf7V/xt4OBW', 'Member ' || m || ' "of" gym\' || g,
    (CASE WHEN m = 1 THEN 'OWNER' WHEN m <= 3 THEN 'TRAINER' ELSE 'MEMBER' END)::"MemberRole",
    timestamp '2024-02-01' + m * interval '1 hour', timestamp '2024-06-01' + g * interval '1 minute', '+254 700 ' || m,
    CASE WHEN m IN (2, 3) THEN 'TR' || lpad((2 * g + m)::text, 4, '0') END,
    CASE WHEN m = 1 THEN '{"experience": "10 years", "tags": ["a", "b"]}'::jsonb END, 'secret-refresh-token', m % 2 = 0, m % 5
  FROM generate_series(1, 20) g, generate_series(1, 40) m;
-- The same address in other letters, and a hash of another kind: neither can be taken over.
INSERT INTO "MOV_MEMBER" ("MEM_ID", "MEM_TENANT_ID", "MEM_EMAIL", "MEM_PASSWORD_HASH", "MEM_ROLE", "MEM_CREATED_AT", "MEM_UPDATED_AT")
  VALUES ('mem-twin', 'cgym000000000000000000001', 'M5.G1@example.com', NULL, 'MEMBER', '2024-09-01', '2024-09-01'),
    ('mem-md5', 'cgym000000000000000000001', 'md5@example.com', '5f4dcc3b5aa765d61d8327deb882cf99', 'MEMBER', '2024-09-01', '2024-09-01'),
    ('mem-lost', 'cgym000000000000000000099', 'lost@example.com', NULL, 'MEMBER', '2024-09-01', '2024-09-01');

INSERT INTO "MOV_LOCATION" ("LOC_ID", "LOC_TENANT_ID", "LOC_NAME", "LOC_CITY", "LOC_LATITUDE", "LOC_CAPACITY", "LOC_TYPE",
    "LOC_TIMEZONE", "LOC_AMENITIES", "LOC_CREATED_AT", "LOC_UPDATED_AT")
  SELECT 'loc-' || g || '-' || l, 'cgym' || lpad(g::text, 21, '0'), 'Place ' || l, 'Nairobi', -1.2921, 20,
    CASE WHEN l = 3 THEN 'outdoor' ELSE 'indoor' END, 'Africa/Nairobi', '["Showers","Parking"]', timestamp '2024-02-01', timestamp '2024-02-01'
  FROM generate_series(1, 20) g, generate_series(1, 3) l;

INSERT INTO "MOV_SESSION_TYPE" ("STY_ID", "STY_TENANT_ID", "STY_NAME", "STY_DESCRIPTION", "STY_DURATION_MIN", "STY_CATEGORY",
    "STY_MAX_CAPACITY", "STY_DIFFICULTY", "STY_CREATED_AT", "STY_UPDATED_AT")
  SELECT 'typ-' || g || '-' || t, 'cgym' || lpad(g::text, 21, '0'), 'Type ' || t, 'Line one' || chr(10) || 'line' || chr(9) || 'two', 60,
    'class', 10, 'beginner', timestamp '2024-02-01', timestamp '2024-02-01'
  FROM generate_series(1, 20) g, generate_series(1, 4) t;

-- Sessions 1 to 20 were on successive days of their places up to yesterday; 21 to 30 are to come. Number 30 has six seats.
INSERT INTO "MOV_SESSION_INSTANCE" ("SIN_ID", "SIN_TENANT_ID", "SIN_SESSION_TYPE_ID", "SIN_LOCATION_ID", "SIN_START_TIME",
    "SIN_END_TIME", "SIN_CAPACITY", "SIN_STATUS", "SIN_INSTRUCTOR", "SIN_WEATHER_SAFE", "SIN_WEATHER_DATA", "SIN_CREATED_AT", "SIN_UPDATED_AT")
  SELECT 'ses-' || g || '-' || s, 'cgym' || lpad(g::text, 21, '0'), 'typ-' || g || '-' || (s % 4 + 1), 'loc-' || g || '-' || (s % 3 + 1),
    start, start + interval '1 hour', CASE WHEN s = 30 THEN 6 WHEN s = 29 THEN NULL ELSE 10 END,
    CASE WHEN s <= 20 THEN 'completed' ELSE 'scheduled' END, 'Member 2', s % 2 = 0, '{"temp": 21.5}', timestamp '2024-02-01', timestamp '2024-02-01'
  FROM generate_series(1, 20) g, generate_series(1, 30) s,
    LATERAL (SELECT date_trunc('day', now() AT TIME ZONE 'Africa/Nairobi') + (s - 21) * interval '1 day'
      + CASE WHEN s > 20 THEN interval '2 days' ELSE interval '0' END + interval '9 hours' AS start) times;

-- Eight members book each session: of the past five attended, one did not show up, two cancelled; of those to come six hold seats.
INSERT INTO "MOV_BOOKING"
  SELECT 'bok-' || g || '-' || s || '-' || b, 'cgym' || lpad(g::text, 21, '0'), 'mem-' || g || '-' || (b + 10), 'ses-' || g || '-' || s,
    CASE WHEN b > 6 THEN 'cancelled' WHEN s > 20 THEN 'confirmed' WHEN b <= 5 THEN 'attended' ELSE 'no_show' END,
    timestamp '2024-03-01', CASE WHEN s <= 20 AND b <= 5 THEN "SIN_START_TIME" END,
    CASE WHEN b > 6 THEN timestamp '2024-03-02' END, CASE WHEN b = 1 THEN 'brings a friend' END,
    timestamp '2024-03-01' + b * interval '1 second', timestamp '2024-03-02'
  FROM generate_series(1, 20) g, generate_series(1, 30) s, generate_series(1, 8) b, "MOV_SESSION_INSTANCE"
  WHERE "SIN_ID" = 'ses-' || g || '-' || s;
-- Of nobody.
INSERT INTO "MOV_BOOKING" VALUES ('bok-lost', 'cgym000000000000000000001', 'mem-nobody', 'ses-1-21', 'confirmed', '2024-03-01', NULL, NULL, NULL,
  '2024-03-01', '2024-03-01');

INSERT INTO "PLP_MOVEMENT_EVENT"
  SELECT 'mve-' || "BOK_ID", "BOK_TENANT_ID", "BOK_MEMBER_ID", "BOK_SESSION_INSTANCE_ID", 'class_attendance',
    '{"sessionType": "Type"}', "BOK_ATTENDED_AT"
  FROM "MOV_BOOKING" WHERE "BOK_STATUS" = 'attended';

-- Three wait for the full session, and one for a session of the past.
INSERT INTO "MOV_WAITLIST"
  SELECT 'wai-' || g || '-' || w, 'cgym' || lpad(g::text, 21, '0'), 'mem-' || g || '-' || (w + 20), 'ses-' || g || '-30', w,
    timestamp '2024-03-03', timestamp '2024-03-03'
  FROM generate_series(1, 20) g, generate_series(1, 3) w;
INSERT INTO "MOV_WAITLIST" VALUES ('wai-over', 'cgym000000000000000000001', 'mem-1-30', 'ses-1-1', 1, '2024-03-03', '2024-03-03');

INSERT INTO "MOV_FAVORITE"
  SELECT 'fav-' || g || '-' || f, 'cgym' || lpad(g::text, 21, '0'), 'mem-' || g || '-' || (f + 10), 'typ-' || g || '-1', timestamp '2024-03-03'
  FROM generate_series(1, 20) g, generate_series(1, 5) f;
INSERT INTO "MOV_INVITATION" ("INV_ID", "INV_TENANT_ID", "INV_SENDER_ID", "INV_EMAIL", "INV_ROLE", "INV_STATUS", "INV_CODE",
    "INV_EXPIRES_AT", "INV_CREATED_AT", "INV_UPDATED_AT")
  SELECT 'inv-' || g || '-' || i, 'cgym' || lpad(g::text, 21, '0'), 'mem-' || g || '-1', 'guest' || i || '@example.com', 'TRAINER',
    CASE WHEN i = 1 THEN 'PENDING' ELSE 'DECLINED' END, upper(to_hex(16777216 + g * 16 + i)), now() AT TIME ZONE 'UTC' + interval '7 days',
    timestamp '2024-03-03', timestamp '2024-03-03'
  FROM generate_series(1, 20) g, generate_series(1, 2) i;
INSERT INTO "PAY_MEMBERSHIP_PLAN" ("MBP_ID", "MBP_TENANT_ID", "MBP_NAME", "MBP_PRICE", "MBP_CURRENCY", "MBP_BILLING_CYCLE", "MBP_FEATURES",
    "MBP_SESSIONS_PER_MONTH", "MBP_ACCESS_LEVEL", "MBP_CREATED_AT", "MBP_UPDATED_AT")
  SELECT 'pla-' || g || '-' || p, 'cgym' || lpad(g::text, 21, '0'), 'Plan ' || p, 49.99 * p, 'KES', 'monthly', '["Pool", "Sauna"]', 12, 'standard',
    timestamp '2024-03-03', timestamp '2024-03-03'
  FROM generate_series(1, 20) g, generate_series(1, 2) p;
INSERT INTO "PAY_MEMBERSHIP_SUBSCRIPTION" ("MBS_ID", "MBS_TENANT_ID", "MBS_MEMBER_ID", "MBS_PLAN_ID", "MBS_STATUS", "MBS_START_DATE",
    "MBS_END_DATE", "MBS_NEXT_BILLING", "MBS_CREATED_AT", "MBS_UPDATED_AT")
  SELECT 'sub-' || g, 'cgym' || lpad(g::text, 21, '0'), 'mem-' || g || '-11', 'pla-' || g || '-1', 'ACTIVE', now() AT TIME ZONE 'UTC',
    now() AT TIME ZONE 'UTC' + interval '1 month', now() AT TIME ZONE 'UTC' + interval '1 month', timestamp '2024-03-03', timestamp '2024-03-03'
  FROM generate_series(1, 20) g;
INSERT INTO "PAY_PAYMENT_REQUEST"
  SELECT 'pay-' || g, 'cgym' || lpad(g::text, 21, '0'), NULL, 'mem-' || g || '-11', 49.99, 'KES', 'gym_membership', 'pending',
    timestamp '2024-03-03', timestamp '2024-03-03'
  FROM generate_series(1, 20) g;
