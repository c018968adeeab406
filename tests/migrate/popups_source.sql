-- Fifty shops in the table shapes of the original (docs/migrate.md): per shop 3 popups with views and conversions, a split
-- test, codes, subscribers, carts, a subscription. Ids are fixed UUIDs, so that tests can name rows.
CREATE FUNCTION uid(kind integer, a integer, b integer DEFAULT 0, c integer DEFAULT 0) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT (lpad(to_hex(kind), 8, '0') || '-' || lpad(to_hex(a), 4, '0') || '-4' || lpad(to_hex(b), 3, '0') || '-8000-' ||
    lpad(to_hex(c), 12, '0'))::uuid $$;

CREATE TYPE popup_status AS ENUM ('draft', 'active', 'paused', 'archived');
CREATE TYPE trigger_type AS ENUM ('exit_intent', 'mobile_scroll', 'time_delay', 'scroll_percentage');
CREATE TYPE conversion_type AS ENUM ('email_capture', 'discount_code_used', 'click', 'purchase');
CREATE TYPE discount_type AS ENUM ('percentage', 'fixed');
CREATE TYPE test_status AS ENUM ('draft', 'running', 'paused', 'completed');
CREATE TYPE plan_type AS ENUM ('free', 'starter', 'professional', 'enterprise');
CREATE TYPE subscription_status AS ENUM ('active', 'cancelled', 'expired', 'trial');

CREATE TABLE shops (id uuid PRIMARY KEY, "shopId" text NOT NULL, "shopDomain" text NOT NULL, "accessToken" text,
  "isInstalled" boolean NOT NULL, "installedAt" timestamp NOT NULL, "updatedAt" timestamp NOT NULL);
CREATE TABLE popups (id uuid PRIMARY KEY, "shopId" text NOT NULL, name text NOT NULL, description text, status popup_status NOT NULL,
  "triggerType" trigger_type NOT NULL, design jsonb NOT NULL, targeting jsonb, offer jsonb, "viewLimit" integer NOT NULL,
  "viewCount" integer NOT NULL, "isActive" boolean NOT NULL, "abTestGroupId" text, "createdAt" timestamp NOT NULL,
  "updatedAt" timestamp NOT NULL);
CREATE TABLE ab_test_groups (id uuid PRIMARY KEY, "shopId" text NOT NULL, name text NOT NULL, description text, status test_status NOT NULL,
  "popupIds" text[] NOT NULL, "trafficSplit" jsonb NOT NULL, "winnerPopupId" text, "startDate" timestamp, "endDate" timestamp,
  "totalVisitors" integer NOT NULL, "createdAt" timestamp NOT NULL, "updatedAt" timestamp NOT NULL);
CREATE TABLE popup_views (id uuid PRIMARY KEY, "popupId" text NOT NULL, "sessionId" text, "visitorId" text, "deviceType" text, browser text,
  "pageUrl" text, referrer text, "viewedAt" timestamp NOT NULL);
CREATE TABLE popup_conversions (id uuid PRIMARY KEY, "popupId" text NOT NULL, type conversion_type NOT NULL, "sessionId" text,
  "visitorId" text, revenue numeric(10,2), "discountCodeId" text, "emailSubscriberId" text, metadata jsonb, "convertedAt" timestamp NOT NULL);
CREATE TABLE discount_codes (id uuid PRIMARY KEY, "shopId" text NOT NULL, code text NOT NULL, type discount_type NOT NULL,
  value numeric(10,2) NOT NULL, "minimumPurchaseAmount" integer, "maximumDiscountAmount" integer, "isActive" boolean NOT NULL,
  "expiresAt" timestamp, "usageCount" integer NOT NULL, "usageLimit" integer, "popupId" text, "createdAt" timestamp NOT NULL,
  "updatedAt" timestamp NOT NULL);
CREATE TABLE email_subscribers (id uuid PRIMARY KEY, "shopId" text NOT NULL, email text NOT NULL, name text, "popupId" text,
  "isActive" boolean NOT NULL, metadata jsonb, "createdAt" timestamp NOT NULL, "updatedAt" timestamp NOT NULL);
CREATE TABLE cart_abandonment_events (id uuid PRIMARY KEY, "shopId" text NOT NULL, "sessionId" text NOT NULL, "cartValue" numeric(10,2) NOT NULL,
  "cartItems" jsonb NOT NULL, recovered boolean NOT NULL, "deviceType" text, "createdAt" timestamp NOT NULL, "updatedAt" timestamp NOT NULL);
CREATE TABLE recovery_events (id uuid PRIMARY KEY, "cartAbandonmentId" text NOT NULL, "shopId" text NOT NULL, "popupId" text,
  "recoveryValue" numeric(10,2) NOT NULL, "recoveryMethod" text NOT NULL, "offerUsed" text, "createdAt" timestamp NOT NULL);
CREATE TABLE subscriptions (id uuid PRIMARY KEY, "shopId" text NOT NULL, "planType" plan_type NOT NULL, status subscription_status NOT NULL,
  "currentPeriodEnd" timestamp, "createdAt" timestamp NOT NULL, "updatedAt" timestamp NOT NULL);
CREATE TABLE usage_records (id uuid PRIMARY KEY, "shopId" text NOT NULL, month integer NOT NULL, year integer NOT NULL);
INSERT INTO usage_records VALUES (uid(90, 1), 'shop-1', 3, 2024);

-- The last ten shops are only known by their rows.
INSERT INTO shops SELECT uid(1, s), 'shop-' || s, 'shop-' || s || '.example', 'shpat_secret', true, timestamp '2024-01-01', timestamp '2024-01-01'
  FROM generate_series(1, 40) s;

-- Each popup has 40 views; the source believes the first of each shop has three more.
INSERT INTO popups
  SELECT uid(2, s, p), 'shop-' || s, 'Popup ' || p, NULL, (CASE WHEN p = 3 THEN 'paused' ELSE 'active' END)::popup_status, 'time_delay',
    '{"backgroundColor": "#ffffff", "textColor": "#000000", "heading": "Sale", "subheading": "Today", "buttonText": "Go", "buttonColor": "#ff0000", "layout": "centered", "width": 400, "borderRadius": 4, "padding": 20}',
    CASE WHEN p = 1 THEN '{"timeDelay": 5000}'::jsonb END, NULL, 0, CASE WHEN p = 1 THEN 43 ELSE 40 END, p <> 3, NULL,
    timestamp '2024-02-01' + p * interval '1 hour', timestamp '2024-02-02'
  FROM generate_series(1, 50) s, generate_series(1, 3) p;
INSERT INTO ab_test_groups
  SELECT uid(3, s), 'shop-' || s, 'Split', NULL, 'running', ARRAY[uid(2, s, 1)::text, uid(2, s, 2)::text],
    jsonb_build_object(uid(2, s, 1)::text, 50, uid(2, s, 2)::text, 50), NULL, timestamp '2024-02-01', NULL, 17, timestamp '2024-02-01', timestamp '2024-02-01'
  FROM generate_series(1, 50) s;

INSERT INTO popup_views
  SELECT uid(4, s, p, v), uid(2, s, p)::text, 'session-' || v, 'visitor-' || (v % 25), CASE WHEN v % 2 = 0 THEN 'mobile' ELSE 'desktop' END,
    'Chrome', 'https://shop.example/p/' || (v % 5), NULL, timestamp '2024-03-01' + v * interval '1 hour'
  FROM generate_series(1, 50) s, generate_series(1, 3) p, generate_series(1, 40) v;
-- Of a popup that was deleted.
INSERT INTO popup_views SELECT uid(5, 1, 1, v), uid(99, 1)::text, NULL, NULL, NULL, NULL, NULL, NULL, timestamp '2024-03-01' FROM generate_series(1, 2) v;

INSERT INTO popup_conversions
  SELECT uid(6, s, p, c), uid(2, s, p)::text, (ARRAY['email_capture', 'click', 'purchase', 'discount_code_used'])[c]::conversion_type,
    'session-' || c, 'visitor-' || c, CASE WHEN c = 3 THEN 19.99 END, CASE WHEN c = 4 THEN uid(7, s, 1)::text END, NULL, '{"n": 1}',
    timestamp '2024-03-02' + c * interval '1 hour'
  FROM generate_series(1, 50) s, generate_series(1, 3) p, generate_series(1, 4) c;
INSERT INTO discount_codes
  SELECT uid(7, s, c), 'shop-' || s, 'SAVE' || c, 'percentage', 10.00, 50, NULL, true, NULL, 3, 100, NULL, timestamp '2024-02-01', timestamp '2024-02-01'
  FROM generate_series(1, 50) s, generate_series(1, 2) c;
INSERT INTO email_subscribers
  SELECT uid(8, s, e), 'shop-' || s, 'visitor' || e || '@example.com', NULL, uid(2, s, 1)::text, e <> 5, '{"source": "popup"}',
    timestamp '2024-03-01', timestamp '2024-03-01'
  FROM generate_series(1, 50) s, generate_series(1, 5) e;
INSERT INTO cart_abandonment_events
  SELECT uid(9, s, c), 'shop-' || s, 'session-' || c, 100.50, '[{"productTitle": "Shoe", "quantity": 2, "price": 50.25}]', c <= 2, 'mobile',
    timestamp '2024-03-03' + c * interval '1 hour', timestamp '2024-03-03'
  FROM generate_series(1, 50) s, generate_series(1, 6) c;
INSERT INTO recovery_events
  SELECT uid(10, s, c), uid(9, s, c)::text, 'shop-' || s, uid(2, s, 1)::text, 90.50, 'popup', NULL, timestamp '2024-03-04'
  FROM generate_series(1, 50) s, generate_series(1, 2) c;
INSERT INTO subscriptions
  SELECT uid(11, s, n), 'shop-' || s, (CASE WHEN n = 1 THEN 'free' ELSE 'professional' END)::plan_type, 'active', timestamp '2027-01-31', timestamp '2024-02-01' + n * interval '1 day',
    timestamp '2024-02-01'
  FROM generate_series(1, 25) s, generate_series(1, 2) n;
