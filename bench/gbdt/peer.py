"""The other side of the comparison: XGBoost and LightGBM. Each command prints
one line of JSON."""
import json
import resource
import sys
import time

import numpy as np


def say(**values):
    print(json.dumps(values))


def matrix(path, rows, width):
    raw = np.fromfile(path, dtype=np.float32).reshape(rows, width + 1)
    return np.ascontiguousarray(raw[:, :width]), np.ascontiguousarray(raw[:, width])


def loss(p, y):
    p = np.clip(np.asarray(p, dtype=np.float64), 1e-15, 1 - 1e-15)
    return float(-np.mean(np.where(y > 0, np.log(p), np.log1p(-p))))


def auc(p, y):
    order = np.argsort(p, kind="stable")
    s = np.asarray(p)[order]
    _, first, counts = np.unique(s, return_index=True, return_counts=True)
    ranks = np.repeat(first + (counts + 1) / 2, counts)
    hit = np.asarray(y)[order] > 0
    pos, neg = hit.sum(), (~hit).sum()
    return float((ranks[hit].sum() - pos * (pos + 1) / 2) / (pos * neg))


def versions():
    import lightgbm
    import xgboost
    say(text={"xgboost": xgboost.__version__, "lightgbm": lightgbm.__version__})


def train(path, rows, threads, kind):
    rows, threads = int(rows), int(threads)
    x, y = matrix(path, rows, 28)
    if kind == "lightgbm":
        import lightgbm as lgb
        params = {"objective": "binary", "max_depth": 6, "num_leaves": 64, "learning_rate": 0.1, "lambda_l2": 1, "min_data_in_leaf": 1,
                  "min_sum_hessian_in_leaf": 1, "num_threads": threads, "verbosity": -1, "max_bin": 255}
        cpu, start = time.process_time(), time.perf_counter()
        model = lgb.train(params, lgb.Dataset(x, label=y, params=params), 100)
        took, cpu = time.perf_counter() - start, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        p = model.predict(x[:200000], num_threads=threads)
    else:
        import xgboost as xgb
        params = {"objective": "binary:logistic", "tree_method": "hist", "max_depth": 6, "eta": 0.1, "lambda": 1, "min_child_weight": 1,
                  "max_bin": 255, "nthread": threads, "verbosity": 0}
        cpu, start = time.process_time(), time.perf_counter()
        if kind == "quantile":
            d = xgb.QuantileDMatrix(x, label=y, nthread=threads, max_bin=255)
        else:
            d = xgb.DMatrix(x, label=y, nthread=threads)
        model = xgb.train(params, d, 100)
        took, cpu = time.perf_counter() - start, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        p = model.predict(xgb.DMatrix(x[:200000], nthread=threads))
    say(seconds=took, cpu=cpu, peak=peak, loss=loss(p, y[:200000]))


def tables(path):
    out = []
    with open(path, encoding="utf-8") as f:
        for s in json.load(f):
            x = np.array([[np.nan if v is None else v for v in c["values"]] for c in s["columns"]], dtype=np.float64).T
            out.append((np.ascontiguousarray(x), np.array(s["label"], dtype=np.float32)))
            cats = [i for i, c in enumerate(s["columns"]) if c["levels"]]
    return out, cats


def fit_lightgbm(sets, cats, seed, threads):
    import lightgbm as lgb
    params = {"objective": "binary", "num_leaves": 15, "learning_rate": 0.05, "bagging_fraction": 0.8, "bagging_freq": 1, "feature_fraction": 0.8,
              "lambda_l2": 1, "min_data_in_leaf": 20, "num_threads": threads, "verbosity": -1, "seed": seed}
    a = lgb.Dataset(sets[0][0], label=sets[0][1], categorical_feature=cats, params=params)
    b = lgb.Dataset(sets[1][0], label=sets[1][1], reference=a)
    return lgb.train(params, a, 1000, valid_sets=[b], callbacks=[lgb.early_stopping(50, verbose=False)])


def xgb_matrix(s, cats, threads):
    import xgboost as xgb
    kinds = ["c" if i in cats else "float" for i in range(s[0].shape[1])]
    return xgb.DMatrix(s[0], label=s[1], feature_types=kinds, enable_categorical=True, nthread=threads)


def fit_xgboost(sets, cats, seed, threads):
    import xgboost as xgb
    params = {"objective": "binary:logistic", "tree_method": "hist", "max_depth": 4, "eta": 0.05, "subsample": 0.8, "colsample_bytree": 0.8,
              "lambda": 1, "nthread": threads, "seed": seed, "verbosity": 0}
    a, b = (xgb_matrix(s, cats, threads) for s in sets[:2])
    return xgb.train(params, a, 1000, evals=[(b, "v")], early_stopping_rounds=50, verbose_eval=False)


def accuracy(path, seeds, threads):
    sets, cats = tables(path)
    threads = int(threads)
    values = {k: 0.0 for k in ("xgboost auc", "xgboost loss", "lightgbm auc", "lightgbm loss")}
    y = sets[2][1]
    test = xgb_matrix(sets[2], cats, threads)
    for seed in range(int(seeds)):
        m = fit_xgboost(sets, cats, seed, threads)
        p = m.predict(test, iteration_range=(0, m.best_iteration + 1))
        q = fit_lightgbm(sets, cats, seed, threads).predict(sets[2][0], num_threads=threads)
        for name, pred in (("xgboost", p), ("lightgbm", q)):
            values[name + " auc"] += auc(pred, y) / int(seeds)
            values[name + " loss"] += loss(pred, y) / int(seeds)
    say(values=values)


def score(model, path, rows, width, pieces, repeats, out):
    import xgboost as xgb
    rows, pieces = int(rows), int(pieces)
    x, _ = matrix(path, rows, int(width))
    m = xgb.Booster({"nthread": 1})
    m.load_model(model)
    m.set_param({"nthread": 1})
    end = m.best_iteration + 1
    parts = [np.ascontiguousarray(x[i * rows // pieces:(i + 1) * rows // pieces]) for i in range(pieces)]

    def best(f):
        times = [float("inf")] * pieces
        for _ in range(int(repeats)):
            for i, part in enumerate(parts):
                start = time.perf_counter()
                f(part)
                times[i] = min(times[i], time.perf_counter() - start)
        return sum(times)

    values = {
        "inplace_predict": best(lambda p: m.inplace_predict(p, iteration_range=(0, end), predict_type="margin")),
        "predict with a DMatrix": best(lambda p: m.predict(xgb.DMatrix(p, nthread=1), output_margin=True, iteration_range=(0, end))),
    }
    m.predict(xgb.DMatrix(x, nthread=1), output_margin=True, iteration_range=(0, end)).astype(np.float32).tofile(out)
    say(values=values)


def exchange(path, ours, folder):
    import lightgbm as lgb
    import xgboost as xgb
    sets, cats = tables(path)
    x = sets[2][0]

    def vectors(name, margin, shap):
        np.column_stack([margin, shap]).astype(np.float64).tofile(f"{folder}/{name}")

    m = lgb.Booster(model_file=ours)
    vectors("ours.f64", m.predict(x, raw_score=True), m.predict(x, pred_contrib=True))
    m = fit_lightgbm(sets, cats, 1, 2)
    m.save_model(f"{folder}/theirs.txt")
    vectors("theirs-lgb.f64", m.predict(x, raw_score=True), m.predict(x, pred_contrib=True))
    m = fit_xgboost(sets, cats, 1, 2)
    m.save_model(f"{folder}/theirs.json")
    m.save_model(f"{folder}/theirs.ubj")
    d = xgb_matrix(sets[2], cats, 2)
    end = (0, m.best_iteration + 1)
    vectors("theirs-xgb.f64", m.predict(d, output_margin=True, iteration_range=end), m.predict(d, pred_contribs=True, iteration_range=end))
    say()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
