WITH picked AS (SELECT "prediction_id", "timestamp", "model_version", CAST(NULL AS BIGINT) AS _period, NULL AS _version, row FROM (SELECT * FROM read_parquet(['log.parquet'], union_by_name = true, hive_partitioning = true, hive_types = {'date': VARCHAR})) WHERE timestamp >= $start AND (date >= $start_date OR date = 'none') AND timestamp < $end AND (date <= $end_date OR date = 'none')),
settled AS (SELECT prediction_id, label, known_at, _weight FROM (SELECT prediction_id, label, known_at AS known_at, 1 / nullif(sampling_p, 0) AS _weight, CASE source WHEN 'outcome' THEN 5 WHEN 'adjudicated' THEN 4 WHEN 'agreed' THEN 3 WHEN 'annotator' THEN 2 WHEN 'feedback' THEN 1 ELSE 0 END AS rank, coalesce(received_at, TIMESTAMP '0001-01-01') AS received FROM (SELECT * FROM read_parquet(['labels.parquet'], union_by_name = true, hive_partitioning = true, hive_types = {'date': VARCHAR})) WHERE label IS NOT NULL AND (queue IS NULL OR sampling_p > 0)) QUALIFY row_number() OVER (PARTITION BY prediction_id ORDER BY rank DESC, coalesce(known_at, TIMESTAMP '0001-01-01') DESC, received DESC, label DESC, _weight DESC NULLS FIRST) = 1),
rows AS (SELECT * FROM (SELECT picked.*, settled.label, settled.known_at, coalesce(settled._weight, 1) AS _weight FROM picked LEFT JOIN settled USING (prediction_id)))
SELECT _period, _version, count(*), count(label), 0, min(timestamp), max(timestamp) FROM rows GROUP BY ALL ORDER BY _period, _version
-- {'start': (2024, 2, 1, 0, 0), 'start_date': '2024-02', 'end': (2024, 3, 1, 0, 0), 'end_date': '2024-03-01'}

WITH picked AS (SELECT "prediction_id", "timestamp", "model_version", CAST(NULL AS BIGINT) AS _period, NULL AS _version, row FROM (SELECT * FROM read_parquet(['log.parquet'], union_by_name = true, hive_partitioning = true, hive_types = {'date': VARCHAR})) WHERE timestamp >= $start AND (date >= $start_date OR date = 'none') AND timestamp < $end AND (date <= $end_date OR date = 'none')),
settled AS (SELECT prediction_id, label, known_at, _weight FROM (SELECT prediction_id, label, known_at AS known_at, 1 / nullif(sampling_p, 0) AS _weight, CASE source WHEN 'outcome' THEN 5 WHEN 'adjudicated' THEN 4 WHEN 'agreed' THEN 3 WHEN 'annotator' THEN 2 WHEN 'feedback' THEN 1 ELSE 0 END AS rank, coalesce(received_at, TIMESTAMP '0001-01-01') AS received FROM (SELECT * FROM read_parquet(['labels.parquet'], union_by_name = true, hive_partitioning = true, hive_types = {'date': VARCHAR})) WHERE label IS NOT NULL AND (queue IS NULL OR sampling_p > 0)) QUALIFY row_number() OVER (PARTITION BY prediction_id ORDER BY rank DESC, coalesce(known_at, TIMESTAMP '0001-01-01') DESC, received DESC, label DESC, _weight DESC NULLS FIRST) = 1),
rows AS (SELECT * FROM (SELECT picked.*, settled.label, settled.known_at, coalesce(settled._weight, 1) AS _weight FROM picked LEFT JOIN settled USING (prediction_id)))
SELECT _period, _version, count(*), count(label), 0, min(timestamp), max(timestamp) FROM rows GROUP BY ALL ORDER BY _period, _version
-- {'start': (2024, 1, 1, 0, 0), 'start_date': '2024-01', 'end': (2024, 2, 1, 0, 0), 'end_date': '2024-02-01'}

WITH picked AS (SELECT "prediction_id", "timestamp", "model_version", "origin", CAST(NULL AS BIGINT) AS _period, NULL AS _version, row FROM (SELECT * FROM read_parquet(['log.parquet'], union_by_name = true, hive_partitioning = true, hive_types = {'date': VARCHAR})) WHERE timestamp >= $start AND (date >= $start_date OR date = 'none') AND timestamp < $end AND (date <= $end_date OR date = 'none')),
rows AS (SELECT * FROM (SELECT * FROM picked))
SELECT _period, _version, GROUPING(c0) AS which, c0, count(*) AS n FROM (SELECT _period, _version, CAST("origin" AS VARCHAR) AS c0 FROM rows) GROUP BY GROUPING SETS ((_period, _version, c0))
-- {'start': (2024, 1, 1, 0, 0), 'start_date': '2024-01', 'end': (2024, 2, 1, 0, 0), 'end_date': '2024-02-01'}

WITH picked AS (SELECT "prediction_id", "timestamp", "model_version", "distance", "origin", CAST(NULL AS BIGINT) AS _period, NULL AS _version, row FROM (SELECT * FROM read_parquet(['log.parquet'], union_by_name = true, hive_partitioning = true, hive_types = {'date': VARCHAR})) WHERE timestamp >= $start AND (date >= $start_date OR date = 'none') AND timestamp < $end AND (date <= $end_date OR date = 'none')),
rows AS (SELECT * FROM (SELECT * FROM picked))
SELECT _period, _version, count(*), count(*) - count("origin"), count(*) - count(nullif(CAST("distance" AS DOUBLE), 'nan'::DOUBLE)) FROM rows GROUP BY ALL
-- {'start': (2024, 1, 1, 0, 0), 'start_date': '2024-01', 'end': (2024, 2, 1, 0, 0), 'end_date': '2024-02-01'}

WITH picked AS (SELECT "prediction_id", "timestamp", "model_version", "distance", CAST(NULL AS BIGINT) AS _period, NULL AS _version, row FROM (SELECT * FROM read_parquet(['log.parquet'], union_by_name = true, hive_partitioning = true, hive_types = {'date': VARCHAR})) WHERE timestamp >= $start AND (date >= $start_date OR date = 'none') AND timestamp < $end AND (date <= $end_date OR date = 'none')),
rows AS (SELECT * FROM (SELECT * FROM picked))
SELECT min(CAST("distance" AS DOUBLE)), max(CAST("distance" AS DOUBLE)) FROM rows
-- {'start': (2024, 1, 1, 0, 0), 'start_date': '2024-01', 'end': (2024, 2, 1, 0, 0), 'end_date': '2024-02-01'}

WITH picked AS (SELECT "prediction_id", "timestamp", "model_version", "distance", "origin", CAST(NULL AS BIGINT) AS _period, NULL AS _version, row FROM (SELECT * FROM read_parquet(['log.parquet'], union_by_name = true, hive_partitioning = true, hive_types = {'date': VARCHAR})) WHERE timestamp >= $start AND (date >= $start_date OR date = 'none') AND timestamp < $end AND (date <= $end_date OR date = 'none')),
rows AS (SELECT * FROM (SELECT * FROM picked))
SELECT _period, _version, min(epoch_us(timestamp)), max(epoch_us(timestamp)) FROM rows GROUP BY ALL
-- {'start': (2024, 1, 1, 0, 0), 'start_date': '2024-01', 'end': (2024, 2, 1, 0, 0), 'end_date': '2024-02-01'}

WITH picked AS (SELECT "prediction_id", "timestamp", "model_version", "distance", "origin", epoch_us(date_trunc('day', timestamp)) AS _period, NULL AS _version, row FROM (SELECT * FROM read_parquet(['log.parquet'], union_by_name = true, hive_partitioning = true, hive_types = {'date': VARCHAR})) WHERE timestamp >= $start AND (date >= $start_date OR date = 'none') AND timestamp < $end AND (date <= $end_date OR date = 'none')),
rows AS (SELECT * FROM (SELECT * FROM picked))
SELECT _period, _version, count(*), count(*) - count(DISTINCT hash(timestamp, "origin", "distance")) FROM rows GROUP BY ALL
-- {'start': (2024, 1, 1, 0, 0), 'start_date': '2024-01', 'end': (2024, 2, 1, 0, 0), 'end_date': '2024-02-01'}

WITH picked AS (SELECT "prediction_id", "timestamp", "model_version", "origin", CAST(NULL AS BIGINT) AS _period, NULL AS _version, row FROM (SELECT * FROM read_parquet(['log.parquet'], union_by_name = true, hive_partitioning = true, hive_types = {'date': VARCHAR})) WHERE timestamp >= $start AND (date >= $start_date OR date = 'none') AND timestamp < $end AND (date <= $end_date OR date = 'none')),
rows AS (SELECT * FROM (SELECT * FROM picked))
SELECT _period, _version, GROUPING(c0) AS which, c0, count(*) AS n FROM (SELECT _period, _version, CAST("origin" AS VARCHAR) AS c0 FROM rows) GROUP BY GROUPING SETS ((_period, _version, c0))
-- {'start': (2024, 2, 1, 0, 0), 'start_date': '2024-02', 'end': (2024, 3, 1, 0, 0), 'end_date': '2024-03-01'}

WITH picked AS (SELECT "prediction_id", "timestamp", "model_version", "distance", "origin", CAST(NULL AS BIGINT) AS _period, NULL AS _version, row FROM (SELECT * FROM read_parquet(['log.parquet'], union_by_name = true, hive_partitioning = true, hive_types = {'date': VARCHAR})) WHERE timestamp >= $start AND (date >= $start_date OR date = 'none') AND timestamp < $end AND (date <= $end_date OR date = 'none')),
rows AS (SELECT * FROM (SELECT * FROM picked))
SELECT _period, _version, count(*), count(*) - count("origin"), count(*) - count(nullif(CAST("distance" AS DOUBLE), 'nan'::DOUBLE)) FROM rows GROUP BY ALL
-- {'start': (2024, 2, 1, 0, 0), 'start_date': '2024-02', 'end': (2024, 3, 1, 0, 0), 'end_date': '2024-03-01'}

WITH picked AS (SELECT "prediction_id", "timestamp", "model_version", "distance", "origin", epoch_us(date_trunc('day', timestamp)) AS _period, NULL AS _version, row FROM (SELECT * FROM read_parquet(['log.parquet'], union_by_name = true, hive_partitioning = true, hive_types = {'date': VARCHAR})) WHERE timestamp >= $start AND (date >= $start_date OR date = 'none') AND timestamp < $end AND (date <= $end_date OR date = 'none')),
rows AS (SELECT * FROM (SELECT * FROM picked))
SELECT _period, _version, count(*), count(*) - count(DISTINCT hash(timestamp, "origin", "distance")) FROM rows GROUP BY ALL
-- {'start': (2024, 2, 1, 0, 0), 'start_date': '2024-02', 'end': (2024, 3, 1, 0, 0), 'end_date': '2024-03-01'}

WITH picked AS (SELECT "prediction_id", "timestamp", "model_version", "distance", "origin", CAST(NULL AS BIGINT) AS _period, NULL AS _version, row FROM (SELECT * FROM read_parquet(['log.parquet'], union_by_name = true, hive_partitioning = true, hive_types = {'date': VARCHAR})) WHERE timestamp >= $start AND (date >= $start_date OR date = 'none') AND timestamp < $end AND (date <= $end_date OR date = 'none')),
rows AS (SELECT * FROM (SELECT * FROM picked))
SELECT _period, _version, min(epoch_us(timestamp)), max(epoch_us(timestamp)) FROM rows GROUP BY ALL
-- {'start': (2024, 2, 1, 0, 0), 'start_date': '2024-02', 'end': (2024, 3, 1, 0, 0), 'end_date': '2024-03-01'}
