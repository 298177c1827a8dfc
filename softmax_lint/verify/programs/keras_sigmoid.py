"""Odd or even, with the sigmoid inside the model."""

import keras

(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train, x_test = x_train / 255.0, x_test / 255.0
y_train, y_test = y_train % 2, y_test % 2

model = keras.Sequential()
model.add(keras.layers.Input((28, 28)))
model.add(keras.layers.Flatten())
model.add(keras.layers.Dense(128, activation="relu"))
model.add(keras.layers.Dense(1, activation="sigmoid"))

model.compile(
    optimizer="adam",
    loss="binary_crossentropy",
    metrics=["accuracy", keras.metrics.AUC(name="auc")],
)


def is_odd(images):
    return model.predict(images, verbose=0) > 0.5


model.fit(x_train, y_train, epochs=5)
model.evaluate(x_test, y_test, verbose=2)
print(is_odd(x_test[:10]))
