"""Digits, with the softmax inside the model."""

import keras

(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train, x_test = x_train / 255.0, x_test / 255.0

model = keras.Sequential([
    keras.layers.Input((28, 28)),
    keras.layers.Flatten(),
    keras.layers.Dense(128, activation="relu"),
    keras.layers.Dropout(0.2),
    keras.layers.Dense(10),
    keras.layers.Softmax(),
])

model.compile(
    optimizer="adam",
    loss=keras.losses.SparseCategoricalCrossentropy(),
    metrics=["accuracy", "sparse_categorical_crossentropy"],
)


def classify(images):
    return model.predict(images, verbose=0).argmax(axis=1)


model.fit(x_train, y_train, epochs=5)
model.evaluate(x_test, y_test, verbose=2)
print(classify(x_test[:10]))
