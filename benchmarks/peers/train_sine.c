/* Full-batch gradient descent of a 1-3-1 tanh network: what a patient person writes by hand.
 * weights: kernel 1x3, bias 3, kernel 3x1, bias 1 (10 floats, updated in place).
 * The number of samples is a constant, so that the compiler can unroll and vectorise. */
#include <math.h>

#ifndef SAMPLES
#define SAMPLES 50
#endif
#define HIDDEN 3

void train(float *weights, const float *restrict x, const float *restrict t, int epochs,
           float learning_rate, float *restrict history) {
    float k1[HIDDEN], b1[HIDDEN], k2[HIDDEN], b2 = weights[3 * HIDDEN];
    for (int j = 0; j < HIDDEN; j++) {
        k1[j] = weights[j];
        b1[j] = weights[HIDDEN + j];
        k2[j] = weights[2 * HIDDEN + j];
    }
    const float scale = learning_rate * 2.0f / SAMPLES;
    float z[HIDDEN][SAMPLES], error[SAMPLES];

    for (int epoch = 0; epoch < epochs; epoch++) {
        for (int j = 0; j < HIDDEN; j++)
            for (int i = 0; i < SAMPLES; i++)
                z[j][i] = tanhf(k1[j] * x[i] + b1[j]);

        float loss = 0.0f, b2_gradient = 0.0f;
        for (int i = 0; i < SAMPLES; i++) {
            error[i] = z[0][i] * k2[0] + z[1][i] * k2[1] + z[2][i] * k2[2] + b2 - t[i];
            loss += error[i] * error[i];
            b2_gradient += error[i];
        }
        for (int j = 0; j < HIDDEN; j++) {
            float k1_gradient = 0.0f, b1_gradient = 0.0f, k2_gradient = 0.0f;
            for (int i = 0; i < SAMPLES; i++) {
                const float delta = error[i] * k2[j] * (1.0f - z[j][i] * z[j][i]);
                k2_gradient += error[i] * z[j][i];
                k1_gradient += delta * x[i];
                b1_gradient += delta;
            }
            k1[j] -= scale * k1_gradient;
            b1[j] -= scale * b1_gradient;
            k2[j] -= scale * k2_gradient;
        }
        b2 -= scale * b2_gradient;
        history[epoch] = loss / SAMPLES;
    }
    for (int j = 0; j < HIDDEN; j++) {
        weights[j] = k1[j];
        weights[HIDDEN + j] = b1[j];
        weights[2 * HIDDEN + j] = k2[j];
    }
    weights[3 * HIDDEN] = b2;
}
