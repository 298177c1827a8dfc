"""Digits with a training loop of its own."""

import tensorflow as tf

(x_train, y_train), (x_test, y_test) = tf.keras.datasets.mnist.load_data()
x_train, x_test = x_train.astype("float32") / 255.0, x_test.astype("float32") / 255.0
y_train, y_test = y_train.astype("int64"), y_test.astype("int64")
batches = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(len(x_train)).batch(32)

model = tf.keras.Sequential([
    tf.keras.layers.Input((28, 28)),
    tf.keras.layers.Flatten(),
    tf.keras.layers.Dense(128, activation="relu"),
    tf.keras.layers.Dense(10, activation="softmax"),
])
optimizer = tf.keras.optimizers.Adam()


def loss_of(images, labels):
    outputs = model(images, training=True)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=outputs))


@tf.function
def step(images, labels):
    with tf.GradientTape() as tape:
        loss = loss_of(images, labels)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


def train():
    """One epoch; gives the mean loss."""
    return float(tf.reduce_mean([step(images, labels) for images, labels in batches]))


def classify(images):
    return tf.argmax(model(images), axis=1).numpy()


if __name__ == "__main__":
    for epoch in range(5):
        loss = train()
        accuracy = (classify(x_test) == y_test).mean()
        print(f"epoch {epoch}: loss {loss:.4f}, accuracy {accuracy:.4f}")
